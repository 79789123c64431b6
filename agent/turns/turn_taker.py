"""Decides, hop by hop, when to recognise, when to begin an answer, when to fall silent.

Pure: hops and results in, actions out; time is the caller's audio, counted in samples. The
shell around it (`agent.turns.listener`) owns tasks, requests and the framework.

    begun with the first voice ──► recognised while it goes on ──► a guess at the first dip
    ──► the exact words ──► the decision: only now the answer may sound
"""

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, POOR_DB, Hop, is_faint, is_sure, least_voice_db
from agent.hearing.echo import NOWHERE, Match
from agent.hearing.echo_watch import EchoWatch, Origin
from agent.options import TurnOptions
from agent.turns import barge_in
from agent.turns.actions import (
    Abandon,
    Action,
    Began,
    Ended,
    GoOn,
    Guess,
    Heard,
    Hold,
    Stop,
)
from agent.turns.asking import DIP_S, Asking
from agent.turns.decision import PauseHabits, wait_s
from agent.turns.guessing import Guessing, Pause
from agent.turns.schedule import Schedule
from agent.turns.utterance import Utterance
from agent.turns.words import Wording, is_backchannel, read, same_words
from agent.wording.transcripts import is_stock_phrase, spoken

PREFIX_S = 0.5
"""Audio before the first voice that belongs to an utterance: quiet consonants come first."""
_PAUSE_S = 0.2
"""Shorter silences are inside words and between them."""
_LAG_S = 0.22
"""Silero says speech for up to 0.1 s after its end; of a faint voice for longer if it goes on."""
_STILL_PROBABILITY = 0.35
_ONSET_HOPS = 2
_WORDLESS_S = 0.35
_BUSY_VOICE_S = 0.25
"""Voice that cancels an answer that has not begun to sound."""


class TurnTaker:
    """One per caller's track."""

    def __init__(
        self,
        options: TurnOptions,
        *,
        schedule: Schedule,
        end_model: bool = False,
        match_played: Callable[[NDArray[np.int16]], Match] = lambda heard: NOWHERE,
    ) -> None:
        """Decide by `options`; `schedule` says when a recognition is worth its cost.

        With `end_model` the end-of-turn model is asked at each pause. `match_played` finds
        what the agent has said that is most like 120 ms of the caller's track: see `EchoWatch`.
        """
        self._echo = EchoWatch(match_played)
        self._asking = Asking(schedule, end_model=end_model)
        self._options = options
        self._schedule = schedule
        self._habits = PauseHabits()
        self._now = 0.0
        self._before: deque[NDArray[np.int16]] = deque(maxlen=round(PREFIX_S / HOP_S))
        self._loud_hops = 0
        self._sound_at = 0.0
        self._after_echo = False
        self._held_at: float | None = None
        self._utterance: Utterance | None = None
        self._peak_db = -90.0
        self._guessing = Guessing(speculate=schedule.speculate)
        self._playing = False

    @property
    def now(self) -> float:
        """Seconds of audio taken in."""
        return self._now

    @property
    def listening(self) -> bool:
        """Whether something was begun that the passing of time may end."""
        return self._utterance is not None

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
        actions: list[Action] = []
        self._loud_hops = self._loud_hops + 1 if hop.loud else 0
        if hop.loud:
            self._sound_at = self._now
        if hop.fresh and hop.probability < self._options.vad_threshold:
            self._after_echo = False
        utterance = self._utterance
        if utterance is None:
            utterance = self._onset(hop, playing=playing, busy=busy, actions=actions)
            if utterance is None:
                self._before.append(hop.pcm)
                return actions
        utterance.audio.append(hop.pcm)
        utterance.levels_db.append(hop.level_db)
        self._schedule.heard(hop.level_db)
        if self._is_voice(hop):
            silence = self._now - HOP_S - utterance.last_voiced
            if utterance.voiced_s and silence > 0:
                if read(utterance.whole_text) in (Wording.FINISHED, Wording.PLAIN):
                    self._habits.went_on_after(silence)
                if silence >= _PAUSE_S:
                    self._schedule.resumed(self._now)
            utterance.voiced_s += HOP_S
            utterance.peak_probability = max(utterance.peak_probability, hop.probability)
            utterance.failed = utterance.judged = False
            utterance.end_probability = None
            utterance.last_voiced = self._now
            self._peak_db = max(self._peak_db, hop.level_db)
        if utterance.over_agent:
            self._judge(utterance, actions)
        if self._utterance is utterance and not utterance.over_agent:
            self._announce(utterance, actions)
        if self._utterance is utterance:
            actions += self._asking.due(utterance, self._now)
            self._consider(utterance, playing=playing, actions=actions)
        return actions

    def result(self, number: int, text: str) -> list[Action]:
        """The recogniser has answered a request that was not abandoned."""
        utterance = self._utterance
        if utterance is None:
            return []
        for piece in utterance.pieces:
            if piece.number == number:
                piece.text = spoken(text)
                return []
        upto, _ = utterance.in_flight.pop(number, (-1.0, True))
        if upto < max(0.0, utterance.upto):
            return []
        text = spoken(text)
        if is_stock_phrase(text) and utterance.hardly_says(text):
            text = ""
        utterance.text, utterance.upto = text, upto
        self._guessing.recognised(utterance.text)
        actions: list[Action] = []
        if utterance.over_agent:
            self._judge(utterance, actions)
            if self._utterance is not utterance:
                return actions
        heard = Heard(utterance.whole_text)
        shown = utterance.announced and not utterance.over_agent and utterance.text
        before = len(actions)
        self._consider(utterance, playing=self._playing, actions=actions)
        if shown and not any(isinstance(action, Guess | Ended) for action in actions[before:]):
            # A guess and an end show the words themselves.
            actions.insert(before, heard)
        return actions

    def failure(self, number: int) -> list[Action]:
        """All tries of a request failed."""
        utterance = self._utterance
        if utterance is None:
            return []
        for piece in utterance.pieces:
            if piece.number == number:
                piece.text = ""
        upto, rolling = utterance.in_flight.pop(number, (-1.0, True))
        if not rolling and upto >= utterance.last_voiced:
            utterance.failed = True
        return []

    def judged(self, pause: float, probability: float | None) -> None:
        """The end-of-turn model has answered about the pause that began at `pause`."""
        utterance = self._utterance
        if utterance is not None and utterance.last_voiced == pause:
            utterance.end_probability = probability

    # How an utterance begins.

    def _onset(
        self, hop: Hop, *, playing: bool, busy: bool, actions: list[Action]
    ) -> Utterance | None:
        sure = hop.fresh and hop.probability >= self._options.vad_threshold
        if self._after_echo and not hop.loud:
            # The detector has not yet forgotten the echo.
            sure = False
        over_agent = (playing or busy) and self._options.barge_in
        if not sure and not (over_agent and self._loud_hops >= _ONSET_HOPS):
            return None
        if self._echo.expected([*self._before, hop.pcm], self._now):
            self._after_echo = True
            return None
        self._peak_db = hop.level_db
        utterance = Utterance(began=self._now, over_agent=over_agent, last_voiced=self._now)
        utterance.over_answer = busy and not playing and not over_agent
        # The words of an echo are no beginning of the caller's.
        own = round((self._now - HOP_S - self._echo.until) / HOP_S)
        utterance.audio = list(self._before)[max(0, len(self._before) - own) :]
        utterance.levels_db = [hop.floor_db] * len(utterance.audio)
        self._before.clear()
        self._schedule.begin(self._now, over_agent=over_agent)
        self._utterance = utterance
        if over_agent:
            self._held_at = self._now
            actions.append(Hold())
        return utterance

    def _is_voice(self, hop: Hop) -> bool:
        utterance = self._utterance
        speaking = utterance is not None and utterance.voiced_s > 0
        least = _STILL_PROBABILITY if speaking else self._options.vad_threshold
        if hop.probability < least:
            return False
        over_agent = utterance is not None and utterance.over_agent
        if speaking and over_agent and self._echo.rings(hop.level_db, self._now):
            return False
        if hop.loud:
            return True
        if (
            utterance is not None
            and utterance.over_agent
            and not is_sure(max(utterance.peak_probability, hop.probability))
        ):
            # It may be a cough.
            return self._peak_db - hop.floor_db < POOR_DB
        # Silero says speech for up to 0.1 s after its end; the level falls at once, unless the
        # background is nearly as loud as the voice.
        if hop.level_db > least_voice_db(self._peak_db, hop.floor_db):
            return True
        if utterance is None or not is_faint(self._peak_db):
            return False
        still = hop.probability >= self._options.vad_threshold
        return still and self._now - utterance.last_voiced > _LAG_S

    def _announce(self, utterance: Utterance, actions: list[Action]) -> None:
        if not utterance.announced and utterance.voiced_s >= self._options.min_speech_s:
            utterance.announced = True
            actions.append(Began())
        if utterance.over_answer and utterance.voiced_s >= _BUSY_VOICE_S:
            utterance.over_answer = False
            actions.append(Stop())

    def _judge(self, utterance: Utterance, actions: list[Action]) -> None:
        """Stage two of a barge-in."""
        silence = self._now - utterance.last_voiced
        held = self._now - (self._held_at or self._now)
        origin = self._echo.heard(
            utterance.audio, self._now, held_s=held, quiet_s=self._now - self._sound_at
        )
        if origin is Origin.UNSURE:
            return
        if origin is Origin.ECHO:
            self._after_echo = True
            actions.append(GoOn("echo"))
            self._drop(actions)
            return
        overlap = barge_in.Overlap(
            held_s=held,
            voiced_s=utterance.voiced_s,
            peak_probability=utterance.peak_probability,
            silence_s=silence,
            text=utterance.text,
            complete=utterance.knows_all or utterance.failed,
        )
        verdict = barge_in.judge(overlap, least_speech_s=self._options.barge_in_min_s)
        if verdict is barge_in.Verdict.STOP:
            utterance.over_agent = False
            self._held_at = None
            actions += [Stop(), Began()]
            utterance.announced = True
        elif verdict is barge_in.Verdict.GO_ON:
            listening = bool(utterance.text) and is_backchannel(utterance.text or "")
            actions.append(GoOn("backchannel" if listening else "noise"))
            self._drop(actions)

    # What is done with the words.

    def _consider(self, utterance: Utterance, *, playing: bool, actions: list[Action]) -> None:
        """Begin an answer, or end the turn, if a pause and the words allow it."""
        silence = self._now - utterance.last_voiced
        if utterance.over_agent or silence < DIP_S:
            return
        nothing_more = utterance.last_voiced <= utterance.cut
        exact = utterance.knows_all or utterance.failed or nothing_more
        text = utterance.whole_text
        wording = read(text)
        wait = wait_s(
            self._options, wording, habits=self._habits, end_probability=utterance.end_probability
        )
        pause = Pause(silence, wait, exact=exact)
        if text and utterance.announced and self._guessing.worth(utterance, text, wording, pause):
            utterance.guessed = text
            utterance.guesses += 1
            actions.append(Guess(text))
        if any(piece.text is None for piece in utterance.pieces):
            return
        if not utterance.voiced_s:
            if self._now - utterance.began >= _WORDLESS_S:
                self._drop(actions)
            return
        if not exact or (playing and not self._options.barge_in):
            return
        if not text:
            if silence >= _WORDLESS_S:
                self._end(utterance, "", silence, actions)
            return
        if silence >= wait:
            said = utterance.guessed if same_words(utterance.guessed or "", text) else text
            self._end(utterance, said or text, silence, actions)

    def _end(self, utterance: Utterance, text: str, silence: float, actions: list[Action]) -> None:
        self._guessing.ended(text)
        if utterance.announced:
            actions.append(Ended(text, silence))
        self._drop(actions)

    def _drop(self, actions: list[Action]) -> None:
        """Forget the utterance; the newest audio may be the beginning of the next one."""
        utterance = self._utterance
        assert utterance is not None
        actions += [Abandon(number) for number in utterance.in_flight]
        self._before.extend(utterance.audio[-(self._before.maxlen or 0) :])
        self._utterance = None
        self._held_at = None
        self._loud_hops = 0
