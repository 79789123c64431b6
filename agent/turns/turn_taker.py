"""Decides, hop by hop, when to listen, when to begin an answer, when to fall silent.

Pure: hops and words in, actions out; time is the caller's audio, counted in samples. The
shell around it (`agent.turns.listener`) owns tasks, recogniser and the framework.

    begun with the first voice ──► recognised while it goes on ──► a guess at the first dip
    ──► the exact words ──► the decision: only now the answer may sound
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, POOR_DB, Hop, is_faint, is_sure, least_voice_db
from agent.hearing.echo import NOWHERE, Match
from agent.hearing.echo_watch import EchoWatch, Origin
from agent.options.turns import TurnOptions
from agent.turns import barge_in
from agent.turns.actions import (
    Action,
    AskEnd,
    Attend,
    Began,
    Ended,
    Forget,
    GoOn,
    Guess,
    Heard,
    Hold,
    Stop,
    Wait,
)
from agent.turns.decision import PauseHabits, wait_s
from agent.turns.guessing import DIP_S, Guessing, Pause
from agent.turns.recogniser import Onset, Voice, Words
from agent.turns.tempo import TEMPO, Tempo
from agent.turns.utterance import Utterance
from agent.turns.words import (
    Wording,
    is_backchannel,
    read,
    same_words,
    surely_heard,
    tokens,
)
from agent.wording.hallucinations import is_stock_phrase

PREFIX_S = 0.5
"""Audio before the first voice that belongs to an utterance: quiet consonants come first."""
_LAG_S = 0.22
"""Silero says speech for up to 0.1 s after its end; of a faint voice for longer if it goes on."""
_STILL_PROBABILITY = 0.35
_ONSET_HOPS = 2
_WORDLESS_S = 0.35
_BUSY_VOICE_S = 0.25
"""Voice that cancels an answer that has not begun to sound."""
_ASK_END_S = 0.2
"""Silence after which the end-of-turn model is asked: what it was trained for."""
_END_MODEL_HOPS = 120
"""It looks at 1.2 s."""


class TurnTaker:
    """One per caller's track."""

    def __init__(
        self,
        options: TurnOptions,
        *,
        speculate: bool = True,
        end_model: bool = False,
        match_played: Callable[[NDArray[np.int16]], Match] = lambda heard: NOWHERE,
        tempo: Tempo = TEMPO,
    ) -> None:
        """Decide by `options`.

        With `speculate` an answer is begun before the turn is decided to be over. With
        `end_model` the end-of-turn model is asked at each pause. `match_played` finds what the
        agent has said that is most like 120 ms of the caller's track: see `EchoWatch`.
        """
        self._echo = EchoWatch(match_played)
        self._options = options
        self._end_model = end_model
        self._habits = PauseHabits(tempo)
        self._guessing = Guessing(speculate=speculate, tempo=tempo)
        self._now = 0.0
        self._before: deque[NDArray[np.int16]] = deque(maxlen=round(PREFIX_S / HOP_S))
        self._loud_hops = 0
        self._sound_at = 0.0
        self._after_echo = False
        self._held_at: float | None = None
        self._utterance: Utterance | None = None
        self._peak_db = -90.0
        self._playing = False
        self._actions: list[Action] = []
        """What is wanted done now, in order."""

    @property
    def now(self) -> float:
        """Seconds of audio taken in."""
        return self._now

    @property
    def listening(self) -> bool:
        """Whether something was begun that the passing of time may end."""
        return self._utterance is not None

    @property
    def voice(self) -> Voice | None:
        """Where the voice of the utterance in progress is; None: nobody speaks."""
        utterance = self._utterance
        if utterance is None:
            return None
        last = utterance.last_voiced if utterance.voiced_s else None
        sure = not utterance.over_agent and utterance.is_speech
        return Voice(self._now, last, utterance.over_agent, sure)

    @property
    def noise_db(self) -> float:
        """Level of the sound that was last judged."""
        return self._peak_db

    def step(self, hop: Hop, *, playing: bool, busy: bool) -> list[Action]:
        """Take in 10 ms.

        Args:
            hop: the audio and what the ear says of it.
            playing: the agent is heard, or held by us.
            busy: an answer is decided and not over, heard or not.
        """
        self._now += HOP_S
        self._playing = playing
        self._actions = []
        self._loud_hops = self._loud_hops + 1 if hop.loud else 0
        if hop.loud:
            self._sound_at = self._now
        if hop.fresh and hop.probability < self._options.vad_threshold:
            self._after_echo = False
        utterance = self._utterance or self._onset(hop, busy=busy)
        if utterance is None:
            self._before.append(hop.pcm)
            return self._actions
        utterance.audio.append(hop.pcm)
        if self._is_voice(hop, utterance):
            self._voice(hop, utterance)
        if utterance.over_agent:
            self._judge(utterance)
        if self._utterance is utterance and not utterance.over_agent:
            self._announce(utterance)
        if self._utterance is utterance:
            self._ask_end(utterance)
            self._consider(utterance)
        return self._actions

    def words(self, words: Words) -> list[Action]:
        """The recogniser knows words of the utterance in progress."""
        self._actions = []
        utterance = self._utterance
        if utterance is None:
            return self._actions
        text, before = words.text, utterance.words
        if is_stock_phrase(text) and utterance.hardly_says(text):
            text = ""
        language = words.language or before.language
        utterance.words = replace(words, text=text, language=language)
        self._guessing.recognised(text)
        if utterance.over_agent:
            self._judge(utterance)
            if self._utterance is not utterance:
                return self._actions
        known = same_words(text, before.text) or same_words(text, utterance.guessed or "")
        show = utterance.announced and not utterance.over_agent and text and not known
        judged = len(self._actions)
        self._consider(utterance)
        if show and not any(isinstance(done, Guess | Ended) for done in self._actions[judged:]):
            # A guess and an end show the words themselves.
            self._actions.insert(judged, Heard(text))
        return self._actions

    def unheard(self, upto: float) -> None:
        """There will be no other words of what was said up to this position."""
        if self._utterance is not None:
            self._utterance.lost_upto = upto

    def judged(self, pause: float, probability: float | None) -> None:
        """The end-of-turn model has answered about the pause that began at `pause`."""
        utterance = self._utterance
        if utterance is not None and utterance.last_voiced == pause:
            utterance.end_probability = probability

    # How an utterance begins, and goes on.

    def _onset(self, hop: Hop, *, busy: bool) -> Utterance | None:
        sure = hop.fresh and hop.probability >= self._options.vad_threshold
        if self._after_echo and not hop.loud:
            # The detector has not yet forgotten the echo.
            sure = False
        over_agent = (self._playing or busy) and self._options.barge_in
        if not sure and not (over_agent and self._loud_hops >= _ONSET_HOPS):
            return None
        if self._echo.expected([*self._before, hop.pcm], self._now):
            self._after_echo = True
            return None
        self._peak_db = hop.level_db
        utterance = Utterance(began=self._now, over_agent=over_agent, last_voiced=self._now)
        utterance.over_answer = busy and not self._playing and not over_agent
        # The words of an echo are no beginning of the caller's.
        own = round((self._now - HOP_S - self._echo.until) / HOP_S)
        before = tuple(self._before)[max(0, len(self._before) - own) :]
        utterance.audio.extend(before)
        self._before.clear()
        self._utterance = utterance
        if over_agent:
            self._held_at = self._now
            self._actions.append(Hold())
        self._actions.append(Attend(Onset(before, hop.floor_db, over_agent)))
        return utterance

    def _is_voice(self, hop: Hop, utterance: Utterance) -> bool:
        speaking = utterance.voiced_s > 0
        least = _STILL_PROBABILITY if speaking else self._options.vad_threshold
        if hop.probability < least:
            return False
        if speaking and utterance.over_agent and self._echo.rings(hop.level_db, self._now):
            return False
        if hop.loud:
            return True
        peak_probability = max(utterance.peak_probability, hop.probability)
        if utterance.over_agent and not is_sure(peak_probability):
            # It may be a cough.
            return self._peak_db - hop.floor_db < POOR_DB
        # Silero says speech for up to 0.1 s after its end; the level falls at once, unless the
        # background is nearly as loud as the voice.
        if hop.level_db > least_voice_db(self._peak_db, hop.floor_db):
            return True
        if not is_faint(self._peak_db):
            return False
        still = hop.probability >= self._options.vad_threshold
        return still and self._now - utterance.last_voiced > _LAG_S

    def _voice(self, hop: Hop, utterance: Utterance) -> None:
        silence = self._now - HOP_S - utterance.last_voiced
        went_on = utterance.voiced_s > 0 and silence > 0
        if went_on and self._wording(utterance) in (Wording.FINISHED, Wording.PLAIN):
            self._habits.went_on_after(silence)
        utterance.voiced_s += HOP_S
        utterance.peak_probability = max(utterance.peak_probability, hop.probability)
        utterance.judged = False
        utterance.end_probability = None
        utterance.last_voiced = self._now
        self._peak_db = max(self._peak_db, hop.level_db)

    def _announce(self, utterance: Utterance) -> None:
        if not utterance.announced and utterance.voiced_s >= self._options.min_speech_s:
            utterance.announced = True
            self._actions.append(Began())
        if utterance.over_answer and utterance.voiced_s >= _BUSY_VOICE_S:
            utterance.over_answer = False
            self._actions.append(Stop())

    def _judge(self, utterance: Utterance) -> None:
        """Stage two of a barge-in."""
        silence = self._now - utterance.last_voiced
        held = self._now - (self._held_at or self._now)
        origin = self._echo.heard(
            list(utterance.audio), self._now, held_s=held, quiet_s=self._now - self._sound_at
        )
        if origin is Origin.UNSURE:
            return
        if origin is Origin.ECHO:
            self._after_echo = True
            self._actions.append(GoOn("echo"))
            self._drop(utterance)
            return
        overlap = barge_in.Overlap(
            held_s=held,
            voiced_s=utterance.voiced_s,
            peak_probability=utterance.peak_probability,
            silence_s=silence,
            text=_sure_words(utterance),
            complete=utterance.knows_all,
        )
        verdict = barge_in.judge(overlap, least_speech_s=self._options.barge_in_min_s)
        if verdict is barge_in.Verdict.STOP:
            utterance.over_agent = False
            self._held_at = None
            self._actions += [Stop(overlap), Began()]
            utterance.announced = True
        elif verdict is barge_in.Verdict.GO_ON:
            listening = is_backchannel(utterance.words.text)
            self._actions.append(GoOn("backchannel" if listening else "noise", overlap))
            self._drop(utterance)

    # What is done at a pause.

    def _ask_end(self, utterance: Utterance) -> None:
        silence = self._now - utterance.last_voiced
        if not self._end_model or utterance.judged or not utterance.voiced_s:
            return
        if silence >= _ASK_END_S:
            utterance.judged = True
            newest = np.concatenate(list(utterance.audio)[-_END_MODEL_HOPS:])
            self._actions.append(AskEnd(utterance.last_voiced, newest))

    def _consider(self, utterance: Utterance) -> None:
        """Begin an answer, or end the turn, if a pause and the words allow it."""
        silence = self._now - utterance.last_voiced
        if utterance.over_agent or silence < DIP_S:
            return
        text = utterance.words.text
        wording = self._wording(utterance)
        wait = wait_s(
            self._options, wording, habits=self._habits, end_probability=utterance.end_probability
        )
        pause = Pause(silence, wait, exact=utterance.knows_all)
        if text and utterance.announced and self._guessing.worth(utterance, text, wording, pause):
            utterance.guessed = text
            utterance.guesses += 1
            self._actions.append(Guess(text))
        if not utterance.voiced_s:
            if self._now - utterance.began >= _WORDLESS_S:
                self._drop(utterance)
            return
        if not utterance.has_final_words or (self._playing and not self._options.barge_in):
            return
        if not text:
            if silence >= _WORDLESS_S:
                self._end(utterance, "", silence)
            return
        if silence >= wait:
            said = utterance.guessed if same_words(utterance.guessed or "", text) else text
            why = Wait(wait, wording, self._habits.usual_s, utterance.end_probability)
            self._end(utterance, said or text, silence, why)

    def _wording(self, utterance: Utterance) -> Wording:
        marks = self._guessing.writes_marks
        return read(utterance.words.text, utterance.words.language, marks=marks)

    def _end(
        self, utterance: Utterance, text: str, silence: float, why: Wait | None = None
    ) -> None:
        self._guessing.ended(text)
        if utterance.announced:
            self._actions.append(Ended(text, silence, why))
        self._drop(utterance)
        # The end of its last word would be heard as a word of the next one.
        for _ in range(len(self._before) - round(silence / HOP_S)):
            self._before.popleft()

    def _drop(self, utterance: Utterance) -> None:
        """Forget the utterance; the newest audio may be the beginning of the next one."""
        self._actions.append(Forget())
        self._before.extend(list(utterance.audio)[-(self._before.maxlen or 0) :])
        self._utterance = None
        self._held_at = None
        self._loud_hops = 0


def _sure_words(utterance: Utterance) -> str:
    """The words over the agent: "I" that is told while it is spoken may become "I see"."""
    text = utterance.words.text
    if not text or utterance.knows_all or is_backchannel(text):
        return text
    if utterance.words.final:
        return surely_heard(text)
    return " ".join(tokens(text)[:-1])
