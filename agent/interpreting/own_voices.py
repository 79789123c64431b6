"""The voices of people who want to be heard in their own, and have said so aloud.

Nothing of a voice is kept outside this: who deletes it here has deleted it.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import tts

from agent.tasks import begin
from agent.tts.cloning import VoiceSample, clones, like

logger = logging.getLogger(__name__)

REST_S = 30.0
"""After a failure a voice is not asked for so long: each text would wait for it in vain, and an
interpreter has no time to wait."""


@dataclass(slots=True)
class _Own:
    sample: VoiceSample
    made: dict[tuple[str, float], tts.TTS[Any]] = field(default_factory=dict)
    """By language and speed."""
    rests_until: float = 0.0
    told: bool = False
    """Whether they know that it has failed."""


def why_no_voices(engine: tts.TTS[Any], *, speaks: bool, wanted: bool, translated: bool) -> str:
    """Why nobody can be spoken for in their own voice, for whoever asks; empty: they can.

    Args:
        engine: of the voices.
        speaks: whether the job speaks at all.
        wanted: whether it is set.
        translated: whether what is said is recognised in translation alone.
    """
    if not speaks:
        return "nothing is spoken here"
    if not wanted:
        return "people's own voices are off here (INTERPRET_CLONING)"
    if not clones(engine):
        why = "the voice here speaks like no recording that it is sent (TTS_ENGINE)"
    elif translated:
        why = "what is said here is heard in translation alone: no yes could be recognised"
    else:
        return ""
    logger.warning("people's own voices are not offered", extra={"why": why})
    return why


class OwnVoices:
    """Of one job, by identity."""

    def __init__(self, engine: tts.TTS[Any], *, clock: Callable[[], float]) -> None:
        """Speak with `engine`, which must clone (`agent.tts.cloning`) and is not closed here.

        `clock` gives seconds.
        """
        self._engine = engine
        self._clock = clock
        self._voices: dict[str, _Own] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.failed: Callable[[str], None] = lambda identity: None
        """Told whose voice has failed, the first time."""

    def __contains__(self, identity: str) -> bool:
        """Whether somebody is spoken for in their own voice."""
        return identity in self._voices

    def keep(self, identity: str, sample: VoiceSample) -> None:
        """Speak like `sample` for somebody from now on."""
        self.delete(identity)
        self._voices[identity] = _Own(sample)

    def delete(self, identity: str) -> None:
        """Let go of somebody's voice and of all that speaks with it.

        What is being said is said to its end; it knows the recording for so long.
        """
        own = self._voices.pop(identity, None)
        for voice in own.made.values() if own is not None else ():
            # Left to the garbage collector, it would know the recording for minutes.
            closing = begin(voice.aclose(), name="close-own-voice")
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    def clear(self) -> None:
        """Let go of all voices."""
        for identity in list(self._voices):
            self.delete(identity)

    def voice(self, identity: str, language: str, speed: float) -> tts.TTS[Any] | None:
        """Their own voice in a language, so fast beside its usual speed.

        None: they have none here, or it rests after a failure.
        """
        own = self._voices.get(identity)
        if own is None or self._clock() < own.rests_until:
            return None
        key = (language, speed)
        if key not in own.made:
            own.made[key] = like(self._engine, own.sample, language=language, speed=speed)
        return own.made[key]

    def has_failed(self, identity: str, voice: tts.TTS[Any]) -> bool:
        """A voice has not said what it was to say; if it is one of these it rests.

        Returns whether it is.
        """
        own = self._voices.get(identity)
        if own is None or voice not in own.made.values():
            return False
        own.rests_until = self._clock() + REST_S
        logger.warning("a person's own voice has failed", extra={"engine": voice.provider})
        if not own.told:
            own.told = True
            self.failed(identity)
        return True
