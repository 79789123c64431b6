"""What a stream's results say of the utterance in progress, and when all its words are there. Pure.

A stream tells the words of one segment after another: interim ones that may change, then final
ones. When it ends a segment is its own affair: an utterance is made of as many as it takes. How
far its words reach is told by their times, where the engine gives them; else by when they came.
"""

from dataclasses import dataclass

from agent.hearing.ear import HOP_S
from agent.turns.recogniser import SURE_S, Voice
from agent.turns.stream_delays import StreamDelays
from agent.turns.streamed_utterance import Placed, StreamedUtterance, beyond, newest
from agent.turns.tempo import TEMPO
from agent.turns.words import tokens
from agent.wording.scripts import joined

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
"""A voice of which no word has come so long after its end, seconds, was without words."""


@dataclass(frozen=True, slots=True)
class Told:
    """A result. Times are seconds of the stream's audio."""

    text: str
    """All words of the segment so far."""
    final: bool
    """Whether that is the segment's last result."""
    words: Placed = ()
    """Each word with its beginning and end, or the whole text; empty: the engine does not tell."""
    stable: bool = False
    """Whether its words stay as they are, though it is not the last."""
    may_lack: bool = False
    """Whether it may be of the newest words of the segment alone."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an utterance; see `agent.turns.recogniser.Words`."""

    text: str
    upto: float
    final: bool


class StreamedWords:
    """One per call."""

    def __init__(
        self, *, flushes: bool, interims: bool = True, delays: StreamDelays | None = None
    ) -> None:
        """Know the words of one engine.

        Args:
            flushes: it tells all its words when it is asked to.
            interims: it tells words while somebody speaks.
            delays: its own.
        """
        self._flushes, self._interims = flushes, interims
        self._delays = delays or StreamDelays()
        self._timed = False
        """Whether the engine tells the times of words; its newest words say so."""
        self._open = ""
        """Words of a segment that is not over, whoever said them."""
        self._utterance: StreamedUtterance | None = None

    def begin(self, *, begins: float, shift_s: float, now: float) -> None:
        """An utterance begins, at `now`; its audio with position `begins`.

        `shift_s` later, and that much further on, the same audio is in the stream.
        """
        self._delays.look()
        self._utterance = StreamedUtterance(begins, shift_s, began=now, stale=self._open)

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

    def lost(self, now: float) -> bool:
        """Nobody hears the utterance: the stream is gone, or not yet connected.

        Words that were not final are told again by the next one.

        Returns:
            Whether there may be such words.
        """
        self._open = ""
        utterance = self._utterance
        if utterance is None:
            return False
        if utterance.stable and utterance.interim:
            utterance.segments.append(utterance.interim)
            utterance.final_to = max(utterance.final_to, utterance.last_word)
            utterance.interim = ""
        open_words = bool(utterance.interim)
        utterance.interim, utterance.stale, utterance.stable = "", "", False
        utterance.last_word = min(utterance.last_word, utterance.final_to)
        utterance.interrupted = open_words or not utterance.heard_out
        if utterance.interrupted:
            utterance.heard_since, utterance.answered = now, False
        return utterance.interrupted

    def moved(self, *, begins: float, shift_s: float) -> None:
        """A new stream begins with the audio of the utterance from position `begins` on."""
        if self._utterance is not None:
            self._utterance.begins, self._utterance.shift_s = begins, shift_s
            self._utterance.flushed = None

    def answered(self) -> None:
        """The stream has said something, of whatever kind."""
        if self._utterance is not None:
            self._utterance.answered = True

    @property
    def is_answered(self) -> bool:
        """Whether it has since it hears the utterance in progress."""
        return self._utterance is not None and self._utterance.answered

    def is_unanswered(self, now: float, *, patience_s: float, speaks_on: bool = True) -> bool:
        """Whether a stream that works would have said something by now.

        Args:
            now: the position.
            patience_s: how long it may take, while the caller speaks on.
            speaks_on: whether that counts too, or a pause alone.
        """
        utterance = self._utterance
        if utterance is None or not utterance.sure or utterance.answered or utterance.heard_out:
            return False
        longest_s = max(_WORDLESS_S, self._delays.late_s)
        if not self._delays.known:
            longest_s = max(longest_s, patience_s / 2)
        heard_s = now - max(utterance.began, utterance.heard_since)
        silent = speaks_on and self._interims and heard_s >= patience_s
        return silent or utterance.quiet_s(now) >= longest_s

    def told(self, told: Told, now: float) -> None:
        """A result came at `now`, a position."""
        utterance, before = self._utterance, self._open
        if told.may_lack and len(tokens(told.text)) < len(tokens(before)):
            return  # the words before them are there already
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
            fresh = newest(told.text, told.words, len(ends))
        elif not told.words and not before and now - utterance.began < _TOO_SOON_S:
            utterance.stale, fresh = told.text, ""
        else:
            fresh = beyond(told.text, utterance.stale)
        if told.final:
            utterance.stale = ""
        self._place(utterance, told, fresh, ends, now)

    def _place(
        self, utterance: StreamedUtterance, told: Told, fresh: str, ends: list[float], now: float
    ) -> None:
        changed = tokens(fresh) != tokens(utterance.interim)
        if changed:
            utterance.changed = now
        if told.text:
            self._timed = bool(told.words)
        if ends:
            new_to = max(utterance.last_word, utterance.heard_since)
            self._delays.took(*(now - end for end in ends if end > new_to))
            utterance.word_end = max(ends)
            utterance.last_word = max(utterance.last_word, utterance.word_end + _TAIL_S)
        elif fresh and changed:
            utterance.last_word = max(utterance.last_word, now - self._delays.soon_s)
        if not told.final:
            utterance.interim, utterance.stable = fresh, told.stable
            return
        utterance.interim, utterance.stable = "", False
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
        utterance.sure = voice.sure

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

    def _known(self, utterance: StreamedUtterance, now: float) -> Known:
        text = joined([*utterance.segments, utterance.interim])
        if not text and self._is_wordless(utterance, now):
            return Known(text, now, final=True)
        last = now if utterance.last is None else utterance.last
        upto = max(utterance.last_word, utterance.flushed_to)
        late_s = self._delays.late_s
        if not utterance.interrupted and now - utterance.heard_since >= late_s:
            upto = max(upto, now - late_s)
        final = bool(text) and upto >= last - SURE_S and self._is_final(utterance, now)
        return Known(text, min(upto, now), final)

    def _is_wordless(self, utterance: StreamedUtterance, now: float) -> bool:
        """Whether a voice of which there are no words had none, as far as is known."""
        if utterance.quiet_s(now) < max(_WORDLESS_S, self._delays.late_s):
            return False
        if utterance.interrupted and utterance.changed >= 0:
            return False  # it had some
        return utterance.answered or not utterance.sure

    def _is_final(self, utterance: StreamedUtterance, now: float) -> bool:
        if utterance.interrupted:
            return False
        last = now if utterance.last is None else utterance.last
        told_to = utterance.flushed_to
        if self._timed:
            # Of a segment that is not over, one more word may be on its way: a short one, for what
            # follows the last one.
            stays_to = utterance.word_end if utterance.interim else utterance.last_word
            told_to = max(told_to, stays_to)
        if utterance.settled and told_to >= last - SURE_S:
            return True
        if not self._flushes:
            return not utterance.interim or utterance.quiet_s(now) >= self._delays.late_s
        if utterance.flushed is None:
            return False
        patience_s = self._delays.late_s if utterance.settled else _PATIENCE_S
        return now - utterance.flushed >= patience_s

    def _learn_from_pause(self, utterance: StreamedUtterance) -> None:
        """Without times of words, the last ones of a pause tell how late they are."""
        last = utterance.last
        if (
            not self._timed
            and last is not None
            and utterance.heard_since < last < utterance.changed
        ):
            self._delays.took(utterance.changed - last)
