"""One track of somebody's, from its sound to its clauses and their translations."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from livekit import rtc

from agent.interpreting.languages import same
from agent.interpreting.speaker import Clause, Speaker, Witness
from agent.interpreting.speaker import Told as ClauseTold
from agent.interpreting.track_ear import TrackEar
from agent.interpreting.translations import Lane, Translated
from agent.tasks import CallTasks
from agent.turns.tongue import told_by_words, tongue_of
from agent.turns.words import tokens

logger = logging.getLogger(__name__)

MakeSpeaker = Callable[[ClauseTold], Speaker]
MakeLane = Callable[[str, Callable[[Translated], None]], Lane]
"""Makes what translates into a language, by its tag."""


class HeardTrack:
    """Of one track, for as long as its owner speaks the same language."""

    def __init__(
        self,
        identity: str,
        track: rtc.Track,
        language: str,
        *,
        speaker: MakeSpeaker,
        lane: MakeLane,
        shown: Callable[["HeardTrack", Clause], None],
        translated: Callable[["HeardTrack", Translated], None],
        sounded: "SoundListener",
    ) -> None:
        """Prepare; `start` begins to listen.

        Args:
            identity: of the track's owner.
            track: is subscribed to.
            language: that its owner speaks, as far as that is known.
            speaker: makes who hears it.
            lane: makes what translates it.
            shown: is given each clause.
            translated: is given each translation, in order for each language.
            sounded: is given the sound.
        """
        self.identity = identity
        self.track = track
        self.language = language
        self._make_speaker = speaker
        self._make_lane = lane
        self._shown = shown
        self._translated = translated
        self._sounded = sounded
        self._lanes: dict[str, tuple[Lane, asyncio.Task[None]]] = {}
        self._ear: TrackEar | None = None
        self._speaker: Speaker | None = None
        self._witness: Witness | None = None
        self._ended = False
        self._tongue = ""
        """The language of what they said, by its words."""
        self._heard_language = ""
        """Of what they said last."""

    def start(self, tasks: CallTasks, *, lost: Callable[[], None]) -> None:
        """Listen until the track ends; `lost` is told if that fails too often."""
        self._tasks = tasks

        def gives_up() -> None:
            logger.error("a track is heard no longer")
            lost()

        tasks.carry(self._hear, name="hear-track", lost=gives_up)

    def end(self) -> None:
        """The track sends no more, or its owner another language: what was said is still told."""
        self._ended = True
        if self._ear is not None:
            self._ear.end()

    def witnessed_by(self, witness: Witness | None) -> None:
        """Give the utterances that begin from now on to somebody; None: no more of any."""
        self._witness = witness
        if self._speaker is not None:
            self._speaker.witnessed_by(witness)

    @property
    def spoken(self) -> str:
        """The language that its owner speaks, as they or their words say; empty: not known."""
        return self.language or self._heard_language

    def want(self, targets: Iterable[str]) -> None:
        """Translate into these languages, by their tags, and into no other."""
        wanted = tuple(targets)
        for target in [target for target in self._lanes if target not in wanted]:
            _, running = self._lanes.pop(target)
            running.cancel()
        for target in wanted:
            if target not in self._lanes:
                self._lanes[target] = self._lane(target)

    def _lane(self, target: str) -> tuple[Lane, asyncio.Task[None]]:
        lane = self._make_lane(target, lambda translated: self._translated(self, translated))
        running = self._tasks.carry(
            lane.run, name="translate", lost=lambda: logger.error("a language is lost")
        )
        return lane, running

    async def _hear(self) -> None:
        self._speaker = self._make_speaker(self._told)
        self._speaker.witnessed_by(self._witness)
        self._ear = TrackEar(
            self.track,
            self._speaker,
            sounded=lambda frame: self._sounded(self, frame),
        )
        if self._ended:
            self._ear.end()
        await self._ear.run()
        for lane, _ in self._lanes.values():
            lane.close()

    def _told(self, clause: Clause) -> None:
        clause = replace(clause, language=clause.language or self._guess(clause.text))
        self._heard_language = clause.language or self._heard_language
        self._shown(self, clause)
        if clause.final and clause.text:
            for target, (lane, _) in self._lanes.items():
                if not same(target, clause.language):
                    lane.add(clause)

    def _guess(self, text: str) -> str:
        """The language of words whose recogniser does not tell it."""
        words = tokens(text)
        self._tongue = told_by_words(words) or self._tongue
        if self._tongue:
            return self._tongue
        likely = tongue_of(words)
        return likely.code if likely is not None else ""


SoundListener = Callable[[HeardTrack, rtc.AudioFrame], None]
"""Is given each frame of a track as it comes: 16 kHz mono, 50 ms; none while the track is muted or
its packets are lost. It must return at once."""
