"""A voice that can become another one in mid-call: what is begun goes on as it was."""

from typing import Any

from livekit.agents import APIConnectOptions, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

from agent.remote.failover import LineUp


class ChangingVoice(tts.TTS[Any]):
    """Speaks each text with the engine that is in use when it begins. Belongs to one call.

    Who makes the engines closes them.
    """

    def __init__(self, engine: tts.TTS[Any]) -> None:
        """Speak with `engine` at first; its rate is that of all."""
        super().__init__(
            capabilities=engine.capabilities,
            sample_rate=engine.sample_rate,
            num_channels=engine.num_channels,
        )
        self._engine = engine
        engine.on("metrics_collected", self._forward_metrics)

    @property
    def model(self) -> str:
        """Model of the engine in use."""
        return self._engine.model

    @property
    def provider(self) -> str:
        """Provider of the engine in use."""
        return self._engine.provider

    @property
    def line_up(self) -> LineUp[tts.TTS[Any]] | None:
        """The engines that are one to it; None: it is one."""
        return getattr(self._engine, "line_up", None)

    def use(self, engine: tts.TTS[Any]) -> None:
        """Speak with another engine, from the next text on; its rate may be another one."""
        if engine is not self._engine:
            self._engine.off("metrics_collected", self._forward_metrics)
            engine.on("metrics_collected", self._forward_metrics)
            self._engine = engine

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """Speak one text; the stream is the engine's."""
        return self._engine.synthesize(text, conn_options=conn_options)

    def prewarm(self) -> None:
        """Warm the connection of the engine in use."""
        self._engine.prewarm()

    async def aclose(self) -> None:
        """Let go of the engine."""
        self._engine.off("metrics_collected", self._forward_metrics)

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)
