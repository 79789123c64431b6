"""The engines of the process, speaking as whoever the agent of one call is."""

import logging
from dataclasses import replace
from typing import Any

from livekit.agents import tts

from agent.call.parts import Parts
from agent.personas.cast import Cast
from agent.personas.persona import Persona
from agent.tts.changing_voice import ChangingVoice
from agent.tts.failover import FailoverSpeech
from agent.tts.other_voice import with_voice

logger = logging.getLogger(__name__)


class CallVoices:
    """Of one call; another persona is heard from the next piece of a reply on."""

    def __init__(self, parts: Parts, cast: Cast) -> None:
        """Speak as the persona of `cast` with the engines of `parts`, which stay open."""
        self._engine, self._spare = parts.tts, parts.spare_tts
        persona = cast.persona
        self._tts = ChangingVoice(_voice_of(persona, parts.tts))
        self._spare_tts = ChangingVoice(with_voice(parts.spare_tts, persona.spare_voice))
        self.apology = ChangingVoice(with_voice(parts.spare_tts, persona.apology_voice))
        """Says that the voice has failed."""
        self.parts = replace(parts, tts=self._tts, spare_tts=self._spare_tts)
        """The same with these voices."""
        cast.watch(self._change)

    def _change(self, persona: Persona) -> None:
        self._tts.use(_voice_of(persona, self._engine))
        self._spare_tts.use(with_voice(self._spare, persona.spare_voice))
        self.apology.use(with_voice(self._spare, persona.apology_voice))


def _voice_of(persona: Persona, engine: tts.TTS[Any]) -> tts.TTS[Any]:
    if persona.voice_engine:
        led = engine.led_by(persona.voice_engine) if isinstance(engine, FailoverSpeech) else None
        if led is None:
            # Its voice may be the name of another one there.
            logger.warning("a persona's voice engine is not in the list TTS_ENGINE")
            return engine
        engine = led
    return with_voice(engine, persona.voice, speed=persona.speed)
