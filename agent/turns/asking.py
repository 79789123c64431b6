"""What an utterance's recogniser and the end-of-turn model are asked, and when. Pure."""

import numpy as np

from agent.hearing.ear import HOP_S
from agent.turns.actions import Abandon, Action, AskEnd, Recognise
from agent.turns.guessing import LATE_S
from agent.turns.schedule import Schedule
from agent.turns.utterance import SURE_S, Piece, Utterance
from agent.turns.words import takes_the_floor

DIP_S = 0.03
"""Silence that may be the end, if the words say so."""
PIECE_S = 24.0
"""From this length on an utterance is recognised in pieces, cut at a pause."""
LONGEST_PIECE_S = 27.5
"""Whisper's window and the hosted endpoints end at 30 s."""

_BREATH_S = 0.3
_CUT_HOPS, _CUT_WIDTH = 200, 5
_ASK_END_S = 0.2
"""Silence after which the end-of-turn model is asked: what it was trained for."""
_END_MODEL_HOPS = 120
"""It looks at 1.2 s."""


class Asking:
    """One per call: it numbers the requests."""

    def __init__(self, schedule: Schedule, *, end_model: bool) -> None:
        """Ask the recogniser as `schedule` says; with `end_model` that model at each pause."""
        self._schedule = schedule
        self._end_model = end_model
        self._numbers = 0

    def due(self, utterance: Utterance, now: float) -> list[Action]:
        """What to ask at `now`, and which requests that makes idle."""
        silence = now - utterance.last_voiced
        length = len(utterance.audio) * HOP_S
        if length >= LONGEST_PIECE_S or (length >= PIECE_S and silence >= _BREATH_S):
            return self._cut_piece(utterance, now)
        if not utterance.voiced_s:
            return []
        actions: list[Action] = []
        if self._end_model and not utterance.judged and silence >= _ASK_END_S:
            utterance.judged = True
            newest = np.concatenate(utterance.audio[-_END_MODEL_HOPS:])
            actions.append(AskEnd(utterance.last_voiced, newest))
        if not utterance.failed:
            self._recognise(utterance, now, silence, actions)
        return actions

    def _recognise(
        self, utterance: Utterance, now: float, silence: float, actions: list[Action]
    ) -> None:
        fresh = max((upto for upto, _ in utterance.in_flight.values()), default=-1.0)
        missing = utterance.last_voiced - max(fresh, utterance.upto, utterance.cut)
        rolling = self._schedule.rolling_due(
            now, voiced=silence < DIP_S, in_flight=len(utterance.in_flight),
            over_agent=utterance.over_agent, open_s=utterance.open_s(now),
            listening=utterance.text is not None
            and not takes_the_floor(utterance.text, complete=False),
        )  # fmt: skip
        exact = missing > SURE_S and self._schedule.exact_due(
            now, silence, missing_s=missing, over_agent=utterance.over_agent
        )
        if not exact and utterance.only_rolling and self._schedule.overdue(silence):
            exact = True
        if not rolling and not exact:
            return
        if exact:
            late = utterance.last_voiced - LATE_S
            for number in [n for n, (upto, _) in utterance.in_flight.items() if upto < late]:
                del utterance.in_flight[number]
                actions.append(Abandon(number))
        self._numbers += 1
        utterance.in_flight[self._numbers] = (now, not exact)
        self._schedule.began(now)
        pcm = np.concatenate(utterance.audio)
        actions.append(Recognise(self._numbers, pcm, rolling=not exact))

    def _cut_piece(self, utterance: Utterance, now: float) -> list[Action]:
        actions: list[Action] = [Abandon(number) for number in utterance.in_flight]
        utterance.in_flight.clear()
        self._numbers += 1
        at = _quietest(utterance.levels_db)
        pcm = np.concatenate(utterance.audio[:at])
        actions.append(Recognise(self._numbers, pcm, rolling=False))
        utterance.pieces.append(Piece(self._numbers))
        utterance.cut = now - (len(utterance.audio) - at) * HOP_S
        utterance.audio, utterance.levels_db = utterance.audio[at:], utterance.levels_db[at:]
        utterance.text, utterance.upto = None, -1.0
        self._schedule.next_piece(now)
        return actions


def _quietest(levels_db: list[float]) -> int:
    """Where no word is cut in two: the middle of the last and quietest 50 ms of the newest 2 s."""
    newest = np.convolve(levels_db[-_CUT_HOPS:], np.ones(_CUT_WIDTH), mode="valid")
    last = len(newest) - 1 - int(newest[::-1].argmin())
    return len(levels_db) - min(len(levels_db), _CUT_HOPS) + last + _CUT_WIDTH // 2 + 1
