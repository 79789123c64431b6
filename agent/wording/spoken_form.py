"""A voice that is given the words of a text in place of its figures, signs and addresses."""

from collections.abc import Callable
from typing import Any

from livekit.agents import APIConnectOptions, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

from agent.wording.reader import Reader


class SpokenForm(tts.TTS[Any]):
    """An engine in whose texts all is said as a person says it. Belongs to one call.

    It has no events of its own: who listens to it listens to the engine, which it does not close.
    """

    def __init__(self, engine: tts.TTS[Any], reader: Reader) -> None:
        """Speak with `engine` what `reader` reads."""
        super().__init__(
            capabilities=engine.capabilities,
            sample_rate=engine.sample_rate,
            num_channels=engine.num_channels,
        )
        self._engine = engine
        self._reader = reader

    @property
    def model(self) -> str:
        """The engine's model."""
        return self._engine.model

    @property
    def provider(self) -> str:
        """The engine's provider."""
        return self._engine.provider

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """Start to speak a piece of a reply; the stream is the engine's."""
        return self._engine.synthesize(self._reader.say(text), conn_options=conn_options)

    def prewarm(self) -> None:
        """Let the engine open its connection."""
        self._engine.prewarm()

    def on(self, event: Any, callback: Callable[..., Any] | None = None) -> Callable[..., Any]:
        """Listen to the engine."""
        return self._engine.on(event, callback)

    def off(self, event: Any, callback: Callable[..., Any]) -> None:
        """Listen no more."""
        self._engine.off(event, callback)
