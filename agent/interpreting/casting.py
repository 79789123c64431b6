"""Which voice speaks for whom, in which language, and how fast.

A language has the voices that `INTERPRET_VOICES` names for it, of the engine of `TTS_ENGINE`; one
that it does not name is spoken by the embedded voice. Each speaker keeps one, also when they leave
and come back. Who has agreed to it is spoken for in their own voice (`agent.interpreting.cloning`).
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from livekit.agents import tts

from agent.interpreting.languages import same
from agent.interpreting.own_voices import OwnVoices
from agent.interpreting.speech_queue import Saying
from agent.tts.other_voice import with_voice

logger = logging.getLogger(__name__)

ANY = "*"
"""In place of a language: voices that speak all of them."""
_EMBEDDED_VARIANTS = ("", "+f2", "+m3", "+f4", "+m7", "+f5")
"""Of the embedded voice, so that two speakers are told apart."""


class Casting:
    """Of one job."""

    def __init__(
        self,
        engine: tts.TTS[Any],
        spare: tts.TTS[Any],
        voices: Mapping[str, Sequence[str]],
        own: OwnVoices | None = None,
    ) -> None:
        """Cast from `voices` of `engine`, by language tag; `spare` speaks the others.

        Neither is closed here. `own` has the voices of people who are spoken for in theirs.
        """
        self._engine = engine
        self._spare = spare
        self._voices = voices
        self._own = own
        self._numbers: dict[str, int] = {}
        self._made: dict[tuple[str, str, float], tts.TTS[Any]] = {}

    def line_up(self, saying: Saying, language: str, speed: float) -> list[tts.TTS[Any]]:
        """Who is asked to say something, one after the other until one does.

        Their own voice if they have one, for their own words alone; the usual one; the embedded.
        """
        speaker = saying.speaker
        usual = [self.voice(speaker, language, speed), self.embedded(speaker, language, speed)]
        if self._own is not None and not saying.summary:
            own = self._own.voice(speaker, language, speed)
            return usual if own is None else [own, *usual]
        return usual

    def has_failed(self, speaker: str, voice: tts.TTS[Any]) -> bool:
        """The first of a line-up has not said all that it was to say; returns whether it rests."""
        return self._own is not None and self._own.has_failed(speaker, voice)

    def voice(self, speaker: str, language: str, speed: float) -> tts.TTS[Any]:
        """The voice of a speaker (an identity) in a language, so fast beside its usual speed."""
        number = self._number(speaker)
        names = self._named(language)
        if not names:
            return self.embedded(speaker, language, speed)
        name = names[number % len(names)].replace("{language}", language)
        return self._voice("engine", self._engine, name, speed)

    def embedded(self, speaker: str, language: str, speed: float) -> tts.TTS[Any]:
        """The embedded voice, as it speaks for somebody."""
        number = self._number(speaker)
        variant = _EMBEDDED_VARIANTS[number % len(_EMBEDDED_VARIANTS)]
        return self._voice("spare", self._spare, f"{language}{variant}", speed)

    def _number(self, speaker: str) -> int:
        return self._numbers.setdefault(speaker, len(self._numbers))

    def _named(self, language: str) -> Sequence[str]:
        for tag, names in self._voices.items():
            if tag != ANY and same(tag, language):
                return names
        return self._voices.get(ANY, ())

    def _voice(self, of: str, engine: tts.TTS[Any], name: str, speed: float) -> tts.TTS[Any]:
        key = (of, name, speed)
        if key not in self._made:
            self._made[key] = with_voice(engine, name, speed=speed)
        return self._made[key]
