"""What an engine that takes whole utterances is asked, when, and what its answers make. Pure.

Hops and answers in, requests out, on the clock of the caller's audio. `agent.turns.batch` sends
the requests.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, Hop
from agent.turns.guessing import DIP_S
from agent.turns.recogniser import SURE_S, Onset, Voice
from agent.turns.schedule import Schedule
from agent.turns.words import surely_heard, takes_the_floor
from agent.wording.scripts import joined
from agent.wording.transcripts import spoken

PIECE_S = 24.0
"""From this length on an utterance is recognised in pieces, cut at a pause."""
LONGEST_PIECE_S = 27.5
"""Whisper's window and the hosted endpoints end at 30 s."""

_BREATH_S = 0.3
_CUT_HOPS, _CUT_WIDTH = 200, 5
_NOWHERE = -1.0


@dataclass(frozen=True, slots=True)
class Recognise:
    """Send the utterance so far to the engine."""

    number: int
    pcm: NDArray[np.int16]
    """16 kHz mono."""
    rolling: bool
    """The caller may not be done: other calls' final requests go first."""


@dataclass(frozen=True, slots=True)
class Abandon:
    """Nobody needs the answer to this request any more."""

    number: int


Request = Recognise | Abandon


@dataclass(slots=True)
class _Piece:
    """The beginning of a long utterance, recognised by itself."""

    number: int
    cut: float
    """Where it ends."""
    text: str | None = None


class Asking:
    """One per call: it numbers the requests."""

    def __init__(self, schedule: Schedule) -> None:
        """Ask as `schedule` says."""
        self._schedule = schedule
        self._numbers = 0
        self._forget()

    def _forget(self) -> None:
        self._audio: list[NDArray[np.int16]] = []
        self._levels_db: list[float] = []
        self._pieces: list[_Piece] = []
        self._in_flight: dict[int, tuple[float, bool]] = {}
        """Request → position up to which it has the audio, and whether it is rolling."""
        self._text: str | None = None
        """Newest words of the current piece."""
        self._text_of = 0
        """Which request they are the answer to."""
        self._upto = self._lost_upto = _NOWHERE
        self._last: float | None = None
        self._onset: Onset | None = None

    def begin(self, onset: Onset) -> None:
        """An utterance begins with the next hop."""
        self._forget()
        self._onset = onset
        self._audio = list(onset.before)
        self._levels_db = [onset.floor_db] * len(self._audio)

    def abandon(self) -> list[Request]:
        """The utterance is over: which requests are idle now."""
        idle: list[Request] = [Abandon(number) for number in self._in_flight]
        self._forget()
        return idle

    def hear(self, hop: Hop, voice: Voice) -> list[Request]:
        """Take in a hop of the utterance: what to ask now, and which requests that makes idle."""
        if self._onset is not None:
            self._schedule.begin(voice.now, over_agent=self._onset.over_agent)
            self._onset = None
        self._audio.append(hop.pcm)
        self._levels_db.append(hop.level_db)
        self._schedule.heard(hop.level_db, hop.floor_db)
        before, self._last = self._last, voice.last
        if voice.last == voice.now and before is not None:
            paused_s = voice.now - HOP_S - before
            if paused_s >= self._schedule.tempo.pause_s:
                self._schedule.resumed(voice.now)
        silence = voice.now - (voice.now if voice.last is None else voice.last)
        length = len(self._audio) * HOP_S
        if length >= LONGEST_PIECE_S or (length >= PIECE_S and silence >= _BREATH_S):
            return self._cut_piece(voice.now)
        if voice.last is None or self._lost_upto >= voice.last:
            return []
        return self._ask(voice, voice.last)

    def answered(
        self,
        number: int,
        text: str,
        *,
        language: str = "",
        took_s: float | None = None,
        alone: bool = True,
    ) -> tuple[str, float] | None:
        """The engine has answered a request that was not abandoned.

        Args:
            number: of the request.
            text: as the engine wrote it.
            language: tag of its language, for those who record what was answered.
            took_s: until its answer, if that was measured.
            alone: whether no other request was in flight when it was sent.

        Returns:
            All words, and the position up to which they are known; None: nothing new is.
        """
        if took_s is not None:
            self._schedule.answered(took_s, alone=alone)
        for piece in self._pieces:
            if piece.number == number:
                piece.text = spoken(text)
                return self._known()
        upto, _ = self._in_flight.pop(number, (_NOWHERE, True))
        if upto < max(0.0, self._upto):
            return None
        self._text, self._upto, self._text_of = spoken(text), upto, number
        return self._known()

    @property
    def in_use(self) -> set[int]:
        """The requests that the words so far come from, or are awaited from for a piece."""
        newest = {self._text_of} if self._text is not None else set()
        return newest | {piece.number for piece in self._pieces}

    def failed(self, number: int) -> tuple[float, tuple[str, float] | None]:
        """All tries of a request failed.

        Returns:
            The position up to which its audio is lost, and what `answered` does.
        """
        for piece in self._pieces:
            if piece.number == number:
                piece.text = ""
                return piece.cut, self._known()
        upto, rolling = self._in_flight.pop(number, (_NOWHERE, True))
        if not rolling:
            self._lost_upto = max(self._lost_upto, upto)
        return self._lost_upto, None

    def _known(self) -> tuple[str, float] | None:
        """All words without a gap, and how far they reach."""
        if any(piece.text is None for piece in self._pieces):
            return None
        cut = self._pieces[-1].cut if self._pieces else _NOWHERE
        if self._text is None and self._last is not None and self._last - cut > SURE_S:
            return None
        texts = [piece.text for piece in self._pieces] + [self._text]
        return joined(text for text in texts if text), max(cut, self._upto)

    def _ask(self, voice: Voice, last: float) -> list[Request]:
        now, over_agent = voice.now, voice.over_agent
        silence = now - last
        cut = self._pieces[-1].cut if self._pieces else _NOWHERE
        fresh = max((upto for upto, _ in self._in_flight.values()), default=_NOWHERE)
        missing = last - max(fresh, self._upto, cut)
        rolling = self._schedule.rolling_due(
            now, voiced=silence < DIP_S, in_flight=len(self._in_flight),
            over_agent=over_agent,
            listening=over_agent and self._may_be_listening(),
        )  # fmt: skip
        exact = missing > SURE_S and self._schedule.exact_due(silence, over_agent=over_agent)
        if not exact and self._only_rolling(last) and self._schedule.overdue(silence):
            exact = True
        if not rolling and not exact:
            return []
        requests: list[Request] = []
        if exact:
            late = last - self._schedule.tempo.late_s
            for number in [n for n, (upto, _) in self._in_flight.items() if upto < late]:
                del self._in_flight[number]
                requests.append(Abandon(number))
        self._numbers += 1
        self._in_flight[self._numbers] = (now, not exact)
        self._schedule.began(now)
        pcm = np.concatenate(self._audio)
        requests.append(Recognise(self._numbers, pcm, rolling=not exact))
        return requests

    def _only_rolling(self, last: float) -> bool:
        """Whether the words are still awaited, by requests that others may go before."""
        if self._upto >= last - SURE_S or not self._in_flight:
            return False
        return all(rolling for _, rolling in self._in_flight.values())

    def _may_be_listening(self) -> bool:
        """Whether the words so far may be a sign of listening."""
        if self._text is None:
            return False
        return not takes_the_floor(surely_heard(self._text), complete=False)

    def _cut_piece(self, now: float) -> list[Request]:
        requests: list[Request] = [Abandon(number) for number in self._in_flight]
        self._in_flight.clear()
        self._numbers += 1
        at = _quietest(self._levels_db)
        pcm = np.concatenate(self._audio[:at])
        requests.append(Recognise(self._numbers, pcm, rolling=False))
        self._pieces.append(_Piece(self._numbers, cut=now - (len(self._audio) - at) * HOP_S))
        self._audio, self._levels_db = self._audio[at:], self._levels_db[at:]
        self._text, self._upto = None, _NOWHERE
        self._schedule.next_piece(now)
        return requests


def _quietest(levels_db: list[float]) -> int:
    """Where no word is cut in two: the middle of the last and quietest 50 ms of the newest 2 s."""
    newest = np.convolve(levels_db[-_CUT_HOPS:], np.ones(_CUT_WIDTH), mode="valid")
    last = len(newest) - 1 - int(newest[::-1].argmin())
    return len(levels_db) - min(len(levels_db), _CUT_HOPS) + last + _CUT_WIDTH // 2 + 1
