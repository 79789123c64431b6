"""A voice whose texts and sound are counted."""

from typing import Any

from livekit.agents import APIConnectOptions, tts
from livekit.agents.metrics import TTSMetrics
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

from agent.costs.meter import EngineMeter, Lengths, Request
from agent.tts.cloning import VoiceSample, clones, like
from agent.tts.other_voice import with_voice
from agent.wording.speakable import is_speakable


class MeteredSpeech(tts.TTS[Any]):
    """Another engine, which is closed with this; nothing takes longer."""

    def __init__(self, engine: tts.TTS[Any], meter: EngineMeter) -> None:
        """Count by `meter` what `engine` is given to say."""
        super().__init__(
            capabilities=engine.capabilities,
            sample_rate=engine.sample_rate,
            num_channels=engine.num_channels,
        )
        self.engine = engine
        self._meter = meter
        self._speaking: dict[str, Request] = {}
        """By the engine's own names of them."""
        engine.on("metrics_collected", self._take_metrics)

    @property
    def model(self) -> str:
        """The engine's model."""
        return self.engine.model

    @property
    def provider(self) -> str:
        """The engine's provider."""
        return self.engine.provider

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """Speak one text with the engine."""
        stream = self.engine.synthesize(text, conn_options=conn_options)
        if not is_speakable(text):
            return stream  # nobody is asked
        request = self._meter.begin()
        request.used.characters = len(text)
        request.letters = Lengths(prompt=len(text), completion=len(text))
        return MeteredChunkedStream(stream, request, self._speaking)

    def with_voice(self, voice: str, *, speed: float) -> tts.TTS[Any]:
        """Another voice of the engine's, counted with it; itself if it has one voice only."""
        other = with_voice(self.engine, voice, speed=speed)
        return self if other is self.engine else MeteredSpeech(other, self._meter)

    @property
    def clones(self) -> bool:
        """Whether the engine speaks like a recording that it is given."""
        return clones(self.engine)

    def like(self, sample: VoiceSample, *, language: str, speed: float) -> tts.TTS[Any]:
        """The engine speaking like `sample`, counted with it."""
        return MeteredSpeech(like(self.engine, sample, language=language, speed=speed), self._meter)

    def prewarm(self) -> None:
        """Warm the engine's connection."""
        self.engine.prewarm()

    async def aclose(self) -> None:
        """Close the engine. May be called more than once."""
        self.engine.off("metrics_collected", self._take_metrics)
        await self.engine.aclose()

    def _take_metrics(self, *args: Any) -> None:
        [metrics, *_] = args
        if isinstance(metrics, TTSMetrics) and metrics.input_tokens:
            request = self._speaking.get(metrics.request_id)
            if request is not None:
                request.tokens_told = True
                request.used.prompt_tokens = metrics.input_tokens
                request.used.completion_tokens = metrics.output_tokens
        self.emit("metrics_collected", *args)


class MeteredChunkedStream(tts.ChunkedStream):
    """A synthesis of the engine's as it is, with a look at its sound.

    It has no tasks of its own, and so none of what its class makes of itself.
    """

    def __init__(
        self, stream: tts.ChunkedStream, request: Request, speaking: dict[str, Request]
    ) -> None:
        self._stream = stream
        self._request = request
        self._all_speaking = speaking
        self._name = ""

    @property
    def input_text(self) -> str:
        """What is said."""
        return self._stream.input_text

    @property
    def done(self) -> bool:
        """Whether the engine has ended."""
        return self._stream.done

    @property
    def exception(self) -> BaseException | None:
        """What it has ended with."""
        return self._stream.exception

    async def aclose(self) -> None:
        """Close the engine's stream."""
        try:
            await self._stream.aclose()  # now it has told its tokens
        finally:
            self._all_speaking.pop(self._name, None)
            self._request.ended()

    async def __anext__(self) -> tts.SynthesizedAudio:
        """Wait for the next sound."""
        try:
            audio = await anext(self._stream)
        except StopAsyncIteration:
            raise
        except Exception as error:
            self._request.ended(error)
            raise
        self._request.answered = True
        self._request.used.seconds += audio.frame.duration
        self._name = audio.request_id
        self._all_speaking[self._name] = self._request
        return audio

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        raise NotImplementedError  # the engine's stream runs
