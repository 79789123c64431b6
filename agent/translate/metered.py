"""A translator whose texts are counted."""

from agent.costs.meter import EngineMeter
from agent.translate.translator import Translator, Wish


class MeteredTranslator:
    """Another engine, which is closed with this; nothing takes longer."""

    def __init__(self, engine: Translator, meter: EngineMeter) -> None:
        """Count by `meter` the characters that `engine` is given."""
        self.engine = engine
        self._meter = meter

    @property
    def model(self) -> str:
        """The engine's model."""
        return self.engine.model

    @property
    def provider(self) -> str:
        """The engine's provider."""
        return self.engine.provider

    def prewarm(self) -> None:
        """Warm the engine's connection."""
        self.engine.prewarm()

    async def translate(self, wish: Wish, *, timeout_s: float) -> str:
        """Ask the engine; see `Translator.translate`."""
        with self._meter.begin() as request:
            request.used.characters = len(wish.text)
            text = await self.engine.translate(wish, timeout_s=timeout_s)
            request.answered = True
            return text

    async def aclose(self) -> None:
        """Close the engine. May be called more than once."""
        await self.engine.aclose()
