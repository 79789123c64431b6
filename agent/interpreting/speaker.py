"""One person's voice, as clauses: what was said, piece by piece, as soon as it will stay."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from livekit import rtc

from agent.hearing.ear import HOP_S, Ear, Hop, Probability
from agent.interpreting.agreement import Agreement, place, words_of
from agent.interpreting.clauses import PAUSE_S, SHORT_PAUSE_S, clause_end
from agent.interpreting.voice_activity import END_S, VoiceActivity
from agent.interpreting.word_places import Spoken, WordPlaces
from agent.turns.recogniser import SURE_S, Onset, Recogniser, Words

_DIP_S = 0.08
"""Silence in which the words may be all that was said: a little less than what is waited for
before all of them are asked for (`agent.interpreting.pace`)."""
PATIENCE_S = 20.0
"""Longest wait for the last words of an utterance that is over, where nothing else is known of the
recogniser, seconds. What is said meanwhile belongs to the utterance."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of what somebody said."""

    number: int
    """Of this person; a later one is higher."""
    text: str = field(repr=False)
    language: str
    """BCP-47 tag; empty: not known."""
    final: bool
    """Whether it stays, apart from one correction; else it is what is known of it so far."""
    corrects: bool = False
    """Whether it takes the place of the clause of this number, which was final."""
    spoken: Spoken | None = field(default=None, compare=False)
    """Where its words are on the track; None: not known, as it is not final."""


Told = Callable[[Clause], None]


class Witness(Protocol):
    """Is given utterances with their sound, each from its beginning to its end."""

    def begins(self, onset: Onset) -> None:
        """An utterance begins; the next hop is its first."""

    def hears(self, hop: Hop, *, voiced: bool) -> None:
        """Its next 10 ms."""

    def knows(self, text: str, language: str, *, now: float, speech: bool, whole: bool) -> None:
        """All that was said so far is this text: in a pause, or, the `whole` of it, at its end.

        Args:
            text: empty: not known.
            language: BCP-47 tag; empty: not known.
            now: position in the track's audio, seconds.
            speech: whether the utterance is surely one.
            whole: whether it is over; nothing more of it is told.
        """


class Speaker:
    """One per track. `hear` must be called on the event loop; nothing here blocks."""

    def __init__(
        self,
        recogniser: Recogniser,
        probability: Probability,
        *,
        language: str,
        told: Told,
        numbers: Callable[[], int],
        patience_s: float = PATIENCE_S,
        unheard: Callable[[], None] = lambda: None,
    ) -> None:
        """Hear with one recogniser and detector.

        Args:
            recogniser: started by `start`.
            probability: of this track alone.
            language: that they speak, where the recogniser tells none.
            told: is given each clause in order: versions that are not final, then the final one,
                at most once a correction.
            numbers: gives the number of the next clause, each once.
            patience_s: longest wait for the last words of an utterance that is over.
            unheard: told when an utterance is over of which words are lost.
        """
        self._recogniser = recogniser
        self._ear = Ear(probability)
        self._activity = VoiceActivity()
        self._language = language
        self._told = told
        self._numbers = numbers
        self._patience_s = patience_s
        self._unheard = unheard
        self._witness: Witness | None = None
        self._witnessing: Witness | None = None
        """Who is given the utterance in progress."""
        self._open: int | None = None
        self._missing_s = 0.0
        """Of the track's audio, so much was made up for as no sound came."""
        self._forget()

    def _forget(self) -> None:
        self._agreement = Agreement()
        self._taken: list[Clause] = []
        """The final clauses of the utterance."""
        self._words = Words("", -1.0, final=False)
        self._lost_upto = -1.0
        self._shown = ""
        self._places = WordPlaces(self._activity.now, self._missing_s)

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin; requests live in `tasks`."""
        self._recogniser.start(self, tasks)

    def witnessed_by(self, witness: Witness | None) -> None:
        """Give the utterances that begin from now on to somebody; None: no more of any."""
        self._witness = witness
        if witness is None:
            self._witnessing = None

    def hear(self, frame: rtc.AudioFrame) -> None:
        """Take in the next sound of the track, 16 kHz mono."""
        for hop in self._ear.push(frame):
            self._hear(hop)

    def silence(self, hops: int) -> bool:
        """The track is muted, or its packets are lost: time goes on without sound, 10 ms a hop.

        Returns:
            Whether that matters: somebody was just speaking.
        """
        for _ in range(hops):
            if self._activity.speaks:
                self._hear(self._ear.silence())
                self._missing_s += HOP_S
                self._places.missing(self._activity.now)
        return self._activity.speaks

    def _hear(self, hop: Hop) -> None:
        onset = self._activity.hear(hop)
        if onset is not None:
            self._forget()
            self._recogniser.begin(onset)
            self._witnessing = self._witness
            if self._witnessing is not None:
                self._witnessing.begins(onset)
        voice = self._activity.voice()
        if voice is not None and voice.last == voice.now:
            self._places.voiced(voice.now)
        self._recogniser.hear(hop, voice)
        if self._witnessing is not None and voice is not None:
            self._witnessing.hears(hop, voiced=voice.last == voice.now)
        if voice is not None:
            self._look()

    # What the recogniser tells (agent.turns.recogniser.Hearer).

    def words(self, words: Words) -> None:
        """There are more, or others."""
        self._words = words
        self._agreement.told(words.text, complete=self._knows_all)
        self._places.known(self._agreement.letters, words.upto)
        self._look(fresh=True)

    def unheard(self, upto: float, error: Exception) -> None:
        """What was said up to this position is lost, beyond the words that were told."""
        self._lost_upto = max(self._lost_upto, upto)

    @property
    def _knows_all(self) -> bool:
        """Whether nothing was said beyond the words, or can be known."""
        return self._is_all(max(self._words.upto, self._lost_upto))

    def _is_all(self, upto: float) -> bool:
        """Whether nothing was said after a position: nobody can tell that of a voice going on."""
        if self._activity.silence_s < _DIP_S:
            return False
        return upto >= self._activity.now - self._activity.silence_s - SURE_S

    def _look(self, *, fresh: bool = False) -> None:
        """Tell what has become certain: by words, or by the silence after them."""
        silence_s = self._activity.silence_s
        # In the midst of speech time tells nothing; in a pause it does, at two moments.
        if not fresh and silence_s < END_S and not _passes(silence_s):
            return
        knows_all = self._knows_all
        if silence_s >= END_S and (knows_all or silence_s >= END_S + self._patience_s):
            self._finish()
            return
        self._tell_witness(whole=False)
        if knows_all and self._agreement.stable < len(self._agreement.open):
            self._agreement.told(self._words.text, complete=True)
        self._tell_clauses(pause_s=silence_s if knows_all else 0.0, over=False)
        rest = self._agreement.rest if self._activity.is_speech else ""
        if rest != self._shown:
            self._shown = rest
            self._told(Clause(self._number(), rest, self._spoken, final=False))

    def _tell_clauses(self, *, pause_s: float, over: bool) -> None:
        if not self._activity.is_speech:
            return
        agreement = self._agreement
        while count := clause_end(
            agreement.open, agreement.stable, language=self._spoken, pause_s=pause_s, over=over
        ):
            size = sum(len(word.token) for word in agreement.open[:count])
            spoken = self._places.take(size, self._activity.now)
            self._taken.append(self._tell_final(agreement.take(count), spoken))

    def _finish(self) -> None:
        """The utterance is over: the rest is a clause, and what has changed is corrected."""
        if self._words.text:
            self._agreement.told(self._words.text, complete=True)
        self._tell_witness(whole=True)
        self._tell_clauses(pause_s=END_S, over=True)
        self._correct()
        if self._activity.is_speech and not self._is_all(self._words.upto):
            self._unheard()
        if self._shown:
            # There are no such words after all: what was shown goes.
            self._tell_final("")
        self._recogniser.abandon()
        self._activity.end()
        self._forget()

    def _tell_witness(self, *, whole: bool) -> None:
        """Tell the words so far where they are those of the sound so far."""
        complete = self._is_all(self._words.upto)
        if self._witnessing is None or not (complete or whole):
            return
        self._witnessing.knows(
            self._words.text.strip() if complete else "",
            self._spoken,
            now=self._activity.now,
            speech=self._activity.is_speech,
            whole=whole,
        )
        if whole:
            self._witnessing = None

    def _tell_final(self, text: str, spoken: Spoken | None = None) -> Clause:
        clause = Clause(self._number(), text, self._spoken, final=True, spoken=spoken)
        self._open, self._shown = None, ""
        self._told(clause)
        return clause

    def _number(self) -> int:
        """Of the clause that is open: taken when the first words of it are told."""
        if self._open is None:
            self._open = self._numbers()
        return self._open

    def _correct(self) -> None:
        """Tell each clause again of which the last answer has other words."""
        words = words_of(self._words.text)
        tokens = [word.token for word in words]
        said = [[word.token for word in words_of(clause.text)] for clause in self._taken]
        before: list[str] = []
        begin = 0
        for number, clause in enumerate(self._taken):
            before += said[number]
            following = [token for clause_said in said[number + 1 :] for token in clause_said]
            end = max(begin, place(before, tokens, following=following))
            now, begin = words[begin:end], end
            if now and [word.token for word in now] != said[number]:
                text = "".join(word.text for word in now).strip()
                assert clause.spoken is not None
                newest = self._places.sound(self._activity.now)
                spoken = replace(clause.spoken, now_s=newest)
                self._told(replace(clause, text=text, corrects=True, spoken=spoken))

    @property
    def _spoken(self) -> str:
        return self._words.language or self._language


def _passes(silence_s: float) -> bool:
    """Whether this hop is the first one after which a pause may be taken for an end."""
    return any(0 <= silence_s - limit < HOP_S for limit in (SHORT_PAUSE_S, PAUSE_S))
