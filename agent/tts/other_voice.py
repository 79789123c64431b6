"""Another voice of an engine, for one call: its connections and processes stay shared."""

import logging
from typing import Any, Protocol, runtime_checkable

from livekit.agents import tts

logger = logging.getLogger(__name__)


@runtime_checkable
class ManyVoiced(Protocol):
    """An engine that can speak in several voices at once."""

    def with_voice(self, voice: str, *, speed: float) -> tts.TTS[Any]:
        """The same engine, speaking in another voice; closing it leaves this one open.

        Args:
            voice: name by which the engine knows it; empty: as it is set.
            speed: factor on the speed that it is set to.
        """


def with_voice(engine: tts.TTS[Any], voice: str, *, speed: float = 1.0) -> tts.TTS[Any]:
    """`engine` in another voice; itself when nothing differs or it has one voice only."""
    if not voice and speed == 1.0:
        return engine
    if isinstance(engine, ManyVoiced):
        return engine.with_voice(voice, speed=speed)
    logger.warning("the voice cannot be chosen", extra={"engine": engine.provider})
    return engine


def speed_is_fixed(engine: str, speed: float) -> None:
    """Say that an engine cannot speak faster or slower, if it was asked to."""
    if speed != 1.0:
        logger.warning("the speed cannot be chosen", extra={"engine": engine})
