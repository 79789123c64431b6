"""The engines of a job that captions or interprets, as each track needs them."""

from collections.abc import Callable, Mapping

from livekit.agents.types import NOT_GIVEN

from agent.call.parts import Parts
from agent.call.session import limits_of
from agent.interpreting.pace import CaptionPace
from agent.interpreting.speaker import Speaker, Told
from agent.interpreting.translations import Lane, Translated
from agent.settings.load import Settings
from agent.translate.recogniser.engine import HeardTranslated
from agent.turns.asking import Asking
from agent.turns.recognisers import recogniser_for


class Engines:
    """Of one job."""

    def __init__(self, parts: Parts, settings: Settings, glossary: Mapping[str, str]) -> None:
        """Use `parts`; whoever made them closes them."""
        self._parts = parts
        self._settings = settings
        self._glossary = glossary

    @property
    def translates(self) -> bool:
        """Whether something translates."""
        return self._parts.translator is not None

    @property
    def into(self) -> str | None:
        """Into which language the recogniser translates by itself, by its tag; None: it does not.

        Whisper knows one language to write in, English.
        """
        if not isinstance(self._parts.translator, HeardTranslated):
            return None
        return str(getattr(self._settings.stt[0].options, "target_language", "") or "en")

    def prewarm(self) -> None:
        """Open connections in the background; returns at once."""
        self._parts.stt.prewarm()
        if self._parts.translator is not None:
            self._parts.translator.prewarm()

    def speaker(
        self,
        told: Told,
        *,
        language: str,
        numbers: Callable[[], int],
        unheard: Callable[[], None],
    ) -> Speaker:
        """Who hears a track of somebody who speaks `language`; empty: not known."""
        limits = limits_of(self._settings.stt)
        recogniser = recogniser_for(
            self._parts.stt,
            limits=limits,
            language=lambda: language or NOT_GIVEN,
            asking=lambda _: Asking(CaptionPace()),
            delays=self._parts.stt_delays,
        )
        return Speaker(
            recogniser,
            self._parts.detector(),
            language=language,
            told=told,
            numbers=numbers,
            patience_s=(limits.max_retry + 1) * (limits.timeout + limits.retry_interval),
            unheard=unheard,
        )

    def lane(
        self, target: str, told: Callable[[Translated], None], *, failed: Callable[[], None]
    ) -> Lane:
        """What translates one track into a language; there must be a translator."""
        assert self._parts.translator is not None
        choices = self._settings.translate
        return Lane(
            self._parts.translator,
            target,
            timeout_s=sum(choice.timeout_s for choice in choices),
            retries=choices[0].max_retries if len(choices) == 1 else 0,
            glossary=self._glossary,
            told=told,
            failed=lambda _: failed(),
        )
