"""What a stream's results say of the utterance in progress, and when all its words are there. Pure.

A stream tells the words of one segment after another: interim ones that may change, then final
ones. When it ends a segment is its own affair: an utterance is made of as many as it takes. How
far its words reach is told by their times, where the engine gives them; else by when they came.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.hearing.ear import HOP_S
from agent.turns.recogniser import SURE_S, Voice
from agent.turns.stream_delays import StreamDelays
from agent.turns.tempo import TEMPO
from agent.turns.words import tokens

_TAIL_S = 0.12
"""Voice that may follow the end of a word by the engine's clock: its last sound dies away."""
_TOO_SOON_S = 0.1
"""No engine knows a word so soon after its beginning: what comes then is of what was before."""
_FLUSH_S, _EARLY_FLUSH_S = TEMPO.pause_s, TEMPO.pauses_dip_s
"""Silence after which an engine is asked for its last words: shorter ones are inside words. One of
which neither times nor delay are known is asked sooner, or its first answers would be late."""
_PATIENCE_S = 0.6
"""Longest wait for the final form of words that are there, seconds."""
_WORDLESS_S = 1.0
"""A voice of which nothing has come so long after its end, seconds, was without words."""


@dataclass(frozen=True, slots=True)
class Told:
    """A result. Times are seconds of the stream's audio."""

    text: str
    """All words of the segment so far."""
    final: bool
    """Whether that is the segment's last result."""
    words: tuple[tuple[str, float, float], ...] = ()
    """Each word with its beginning and end, or the whole text; empty: the engine does not tell."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an utterance; see `agent.turns.recogniser.Words`."""

    text: str
    upto: float
    final: bool


@dataclass(slots=True)
class _Utterance:
    begins: float
    """Position of its first audio."""
    shift_s: float
    """Stream seconds minus position."""
    began: float
    """When it began to be listened to: a position."""
    stale: str
    """Words of its first segment that were told before it began."""
    segments: list[str] = field(default_factory=list)
    """Words of those that are over."""
    interim: str = ""
    """Words of the one that is not."""
    last_word: float = -1.0
    """Position up to which there are words."""
    final_to: float = -1.0
    """Position up to which words are final."""
    flushed_to: float = -1.0
    """Position up to which the engine was asked for all words, and has told them."""
    flushed: float | None = None
    """When it was asked in this pause."""
    changed: float = -1.0
    """When its words were others for the last time."""
    last: float | None = None
    """Where its voice is."""
    said: tuple[str, bool, bool] = ("", False, False)
    """What was the news: the words, whether they are all, whether they are final."""
    interrupted: bool = False
    """The stream was lost, and the next one has said nothing yet of what was not final."""


class StreamedWords:
    """One per call."""

    def __init__(self, *, flushes: bool, delays: StreamDelays | None = None) -> None:
        """`flushes`: the engine tells all its words when it is asked to; `delays`: its own."""
        self._flushes = flushes
        self._delays = delays or StreamDelays()
        self._timed = False
        """Whether the engine tells the times of words."""
        self._open = ""
        """Words of a segment that is not over, whoever said them."""
        self._utterance: _Utterance | None = None

    def begin(self, *, begins: float, shift_s: float, now: float) -> None:
        """An utterance begins, at `now`; its audio with position `begins`.

        `shift_s` later, and that much further on, the same audio is in the stream.
        """
        self._delays.look()
        self._utterance = _Utterance(begins, shift_s, began=now, stale=self._open)

    def end(self) -> bool:
        """What is told from now on is of no utterance.

        Returns:
            Whether to ask the engine for its last words, so that its segment ends too.
        """
        utterance, self._utterance = self._utterance, None
        if utterance is None:
            return False
        self._learn_from_pause(utterance)
        return self._flushes and (bool(self._open) or utterance.flushed is None)

    def lost(self) -> bool:
        """The stream is gone: words that were not final are told again by the next one.

        Returns:
            Whether there may be such words.
        """
        self._open = ""
        utterance = self._utterance
        if utterance is None:
            return False
        open_words = bool(utterance.interim)
        utterance.interim = utterance.stale = ""
        heard_out = utterance.last is not None and utterance.final_to >= utterance.last - SURE_S
        utterance.interrupted = open_words or not heard_out
        return utterance.interrupted

    def moved(self, *, begins: float, shift_s: float) -> None:
        """A new stream begins with the audio of the utterance from position `begins` on."""
        if self._utterance is not None:
            self._utterance.begins, self._utterance.shift_s = begins, shift_s

    def told(self, told: Told, now: float) -> None:
        """A result came at `now`, a position."""
        utterance, before = self._utterance, self._open
        self._open = "" if told.final else told.text
        if utterance is None:
            return
        utterance.interrupted = False
        fresh = told.text
        ends = [
            end - utterance.shift_s
            for begin, end in ((begin, end) for _, begin, end in told.words)
            if (begin + end) / 2 - utterance.shift_s >= utterance.begins
        ]
        if told.words and not ends:
            fresh = ""
        elif len(told.words) > 1:
            fresh = _newest(told, len(ends))
        elif not told.words and not before and now - utterance.began < _TOO_SOON_S:
            utterance.stale, fresh = told.text, ""
        else:
            fresh = _beyond(told.text, utterance.stale)
        if told.final:
            utterance.stale = ""
        self._place(utterance, told.final, fresh, ends, now)

    def _place(
        self, utterance: _Utterance, final: bool, fresh: str, ends: list[float], now: float
    ) -> None:
        changed = tokens(fresh) != tokens(utterance.interim)
        if changed:
            utterance.changed = now
        if ends:
            self._timed = True
            self._delays.took(*(now - end for end in ends if end > utterance.last_word))
            utterance.last_word = max(utterance.last_word, *(end + _TAIL_S for end in ends))
        elif fresh and changed:
            utterance.last_word = max(utterance.last_word, now - self._delays.soon_s)
        if not final:
            utterance.interim = fresh
            return
        utterance.interim = ""
        if fresh:
            utterance.segments.append(fresh)
        if utterance.flushed is not None:
            utterance.flushed_to = utterance.flushed
        final_to = max(utterance.last_word, utterance.flushed_to)
        utterance.final_to = final_to if final_to >= 0 else now - self._delays.late_s

    def went_on(self, voice: Voice) -> None:
        """Another 10 ms of the utterance."""
        utterance = self._utterance
        assert utterance is not None
        if voice.last is not None and voice.last != utterance.last:
            if utterance.last is not None and voice.last - HOP_S - utterance.last >= TEMPO.pause_s:
                self._learn_from_pause(utterance)
            utterance.last, utterance.flushed = voice.last, None

    def flush_due(self, now: float) -> bool:
        """Whether to ask the engine for its last words now."""
        utterance = self._utterance
        if utterance is None or utterance.last is None or not self._flushes:
            return False
        enough_s = _FLUSH_S if self._delays.known else _EARLY_FLUSH_S
        due = utterance.flushed is None and now - utterance.last >= enough_s
        if due:
            utterance.flushed = now
        return due

    @property
    def final_to(self) -> float:
        """Position up to which nothing need be asked again."""
        return self._utterance.final_to if self._utterance is not None else -1.0

    def news(self, now: float) -> Known | None:
        """What is known of the utterance in progress; None: no more than before, or there is none.

        A result makes news, and so does time: words that have not come by now were not said.
        """
        utterance = self._utterance
        if utterance is None:
            return None
        known = self._known(utterance, now)
        last = now if utterance.last is None else utterance.last
        said = (known.text, known.upto >= last - SURE_S, known.final)
        if said == utterance.said:
            return None
        utterance.said = said
        return known

    def _known(self, utterance: _Utterance, now: float) -> Known:
        text = joined([*utterance.segments, utterance.interim])
        last = now if utterance.last is None else utterance.last
        upto = max(utterance.last_word, utterance.flushed_to)
        if not utterance.interrupted:
            upto = max(upto, now - self._delays.late_s)
        final = upto >= last - SURE_S and self._is_final(utterance, text, now - last, now)
        return Known(text, min(upto, now), final)

    def _is_final(self, utterance: _Utterance, text: str, silence_s: float, now: float) -> bool:
        if utterance.interrupted:
            return False
        if not text:
            return silence_s >= max(_WORDLESS_S, self._delays.late_s)
        told_to = max(utterance.flushed_to, utterance.last_word if self._timed else -1.0)
        if not utterance.interim and told_to >= now - silence_s - SURE_S:
            return True
        if not self._flushes:
            return not utterance.interim or silence_s >= self._delays.late_s
        if utterance.flushed is None:
            return False
        patience_s = _PATIENCE_S if utterance.interim else self._delays.late_s
        return now - utterance.flushed >= patience_s

    def _learn_from_pause(self, utterance: _Utterance) -> None:
        """Without times of words, the last ones of a pause tell how late they are."""
        if not self._timed and utterance.last is not None and utterance.changed > utterance.last:
            self._delays.took(utterance.changed - utterance.last)


def _newest(told: Told, count: int) -> str:
    """The newest words of a result."""
    if count == len(told.words):
        return told.text
    spaced = told.text.split()
    words = spaced if len(spaced) == len(told.words) else [word for word, _, _ in told.words]
    return joined(words[len(words) - count :])


def _beyond(text: str, stale: str) -> str:
    """The words of a text after those that it had before; some of them may be others now."""
    count = len(tokens(stale))
    if not count:
        return text
    if len(tokens(text)) <= count:
        return ""
    ends = (at for at in range(len(text) + 1) if len(tokens(text[:at])) > count)
    return text[next(ends) - 1 :].strip()


def joined(texts: Iterable[str]) -> str:
    """Texts after each other: with a space between them, but not between Chinese characters."""
    whole = ""
    for text in filter(None, texts):
        close = whole and (_unspaced(whole[-1]) and _unspaced(text[0]))
        whole += text if close or not whole else f" {text}"
    return whole


def _unspaced(letter: str) -> bool:
    """Whether a letter is of a script that leaves no space between words."""
    return "\u2e80" <= letter <= "\ua4cf" or "\uff00" <= letter <= "\uffef"
