"""Engine `espeak`: espeak-ng in a process of its own, the voice that always works.

About 100 languages, a robotic but clear voice, a few milliseconds to the first sample, no
network, no weights. A wheel carries the library (GPL-3.0), which is loaded by a child process
only. Japanese is read from kana; Chinese characters in it are spelt out.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Any

from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APITimeoutError, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.utils import aio, shortuuid

from agent.errors import EngineUnavailable
from agent.tasks import begin
from agent.tts.espeak.client import Child, ChildError, ChildRefused
from agent.tts.espeak.options import Options
from agent.tts.espeak.voices import UnknownVoice, Voice
from agent.wording.speakable import clean, has_words, is_speakable, push_silence, silence

RATE_HZ = 22050
"""The rate of every voice of the library."""
CHILD_COMMAND = (sys.executable, "-P", "-m", "agent.tts.espeak.child")

_STALL_S = 3.0
"""The child speaks hundreds of times faster than real time: later it has hung."""
PROBE_TIMEOUT_S = 10.0


def build(options: Options) -> tts.TTS[Any]:
    """Make the component; the process starts at `prewarm` or with the first text."""
    return EspeakSpeech(options)


async def probe(options: Options) -> str:
    """Have a word spoken and say by which voice.

    Raises:
        EngineUnavailable: there is no such voice, or the process cannot speak.
    """
    engine = EspeakSpeech(options)
    began = time.perf_counter()
    try:
        limits = APIConnectOptions(max_retry=0, timeout=PROBE_TIMEOUT_S)
        async with engine.synthesize("Hello.", conn_options=limits) as stream:
            await anext(stream)
        waited = time.perf_counter() - began
        child = await engine.running()
        voice, _ = child.voices.find(options.voice)
        count = len(child.voices.voices)
        return (
            f"espeak-ng {child.version}, voice {voice.name} of {count}: first audio after "
            f"{waited:.2f} s, process start included"
        )
    except APIError as error:
        remedy = "set TTS_VOICE to one of these or to a language tag such as pt-BR"
        if not isinstance(error.__cause__, UnknownVoice):
            remedy = "run `uv sync` to put the package espeakng-loader in place"
        raise EngineUnavailable(f"espeak-ng cannot speak: {error.message}; {remedy}") from error
    finally:
        await engine.aclose()


class EspeakSpeech(tts.TTS[Any]):
    """Keeps one child process warm. Mono at 22050 Hz.

    Syntheses at the same time take turns: one takes a few milliseconds. A child that died or
    hung is replaced at the next text; it ends with this process at the latest.
    """

    def __init__(
        self,
        options: Options,
        *,
        command: Sequence[str] | None = None,
        stall_s: float = _STALL_S,
        shares: "EspeakSpeech | None" = None,
    ) -> None:
        """Prepare.

        Args:
            options: which voice, and how it speaks.
            command: starts a process that speaks `agent.tts.espeak.frames`, in place of the
                one around the library.
            stall_s: longest pause of that process in the middle of a text, seconds.
            shares: an engine whose process speaks; that engine starts and ends it.
        """
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=RATE_HZ,
            num_channels=1,
        )
        self.options = options
        self.stall_s = stall_s
        self._shares = shares
        self._command = tuple(command or CHILD_COMMAND)
        self._child: Child | None = None
        self._starting = asyncio.Lock()
        self._closed = False
        self._warm_up: asyncio.Task[None] | None = None

    @property
    def model(self) -> str:
        """Name of the voice."""
        return self.options.voice

    @property
    def provider(self) -> str:
        """Name of the library."""
        return "espeak-ng"

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "EspeakStream":
        """Speak one text. Closing the stream stops the library within 40 ms of audio."""
        return EspeakStream(tts=self, input_text=text, conn_options=conn_options)

    def with_voice(self, voice: str, *, speed: float) -> "EspeakSpeech":
        """Another voice of the same process; see `agent.tts.other_voice`."""
        own = self.options
        rate_wpm = min(450, max(80, round(own.rate_wpm * speed)))
        options = own.model_copy(update={"voice": voice or own.voice, "rate_wpm": rate_wpm})
        return EspeakSpeech(options, stall_s=self.stall_s, shares=self)

    def prewarm(self) -> None:
        """Start the process in the background; needs a running event loop."""
        if self._shares is not None:
            self._shares.prewarm()
        elif self._warm_up is None or self._warm_up.done():
            self._warm_up = begin(self._start(), name="espeak warm-up")

    async def voices(self) -> tuple[Voice, ...]:
        """All voices of the library.

        Raises:
            APIConnectionError: the process cannot be started.
        """
        return (await self.running()).voices.voices

    async def aclose(self) -> None:
        """End its own process and what it is speaking. May be called more than once."""
        self._closed = True
        if self._warm_up is not None:
            await aio.cancel_and_wait(self._warm_up)
        async with self._starting:
            if self._child is not None:
                await self._child.aclose()

    async def running(self) -> Child:
        """The child process, started if need be.

        Raises:
            APIConnectionError: it cannot be started, or this engine is closed.
        """
        if self._shares is not None:
            return await self._shares.running()
        async with self._starting:
            if self._closed:
                raise APIConnectionError("the espeak-ng engine is closed", retryable=False)
            if self._child is None or not self._child.alive:
                if self._child is not None:
                    await self._child.aclose()
                try:
                    self._child = await Child.start(self._command)
                except (ChildError, OSError) as error:
                    raise APIConnectionError("espeak-ng cannot be started") from error
            return self._child

    async def _start(self) -> None:
        try:
            await self.running()
        except APIConnectionError:
            # It shows, with its reason, at the first synthesis.
            return


class EspeakStream(tts.ChunkedStream):
    """One text.

    The first audio must come within `conn_options.timeout`. Once audio was handed on, errors
    are not retried: it would be heard twice.
    """

    def __init__(
        self, *, tts: EspeakSpeech, input_text: str, conn_options: APIConnectOptions
    ) -> None:
        super().__init__(tts=tts, input_text=input_text, conn_options=conn_options)
        self._engine = tts

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        if not is_speakable(self.input_text):
            push_silence(output_emitter, rate_hz=RATE_HZ)
            return
        child: Child | None = None
        try:
            async with asyncio.timeout(self._conn_options.timeout) as patience:
                child = await self._engine.running()
                await self._speak(child, output_emitter, patience)
        except TimeoutError as error:
            if child is not None:
                child.kill()
            message = "espeak-ng does not go on" if child is not None else "espeak-ng is not up"
            raise APITimeoutError(message, retryable=not _heard(output_emitter)) from error
        except UnknownVoice as error:
            raise APIConnectionError(str(error), retryable=False) from error
        except ChildRefused as error:
            raise APIConnectionError(str(error), retryable=False) from error
        except ChildError as error:
            raise APIConnectionError(
                "the espeak-ng process has ended", retryable=not _heard(output_emitter)
            ) from error

    async def _speak(
        self, child: Child, emitter: tts.AudioEmitter, patience: asyncio.Timeout
    ) -> None:
        text, options = clean(self.input_text), self._engine.options
        request = {
            "text": text,
            "voice": child.voices.find_for(text, options.voice),
            "rate_wpm": options.rate_wpm,
            "pitch": options.pitch,
            "volume": options.volume,
        }
        emitter.initialize(
            request_id=shortuuid(), sample_rate=child.rate_hz, num_channels=1, mime_type="audio/pcm"
        )
        any_audio = False
        stall_s = self._engine.stall_s

        def on_audio(pcm: bytes) -> None:
            nonlocal any_audio
            any_audio = True
            emitter.push(pcm)
            patience.reschedule(asyncio.get_running_loop().time() + stall_s)

        await child.speak(request, on_audio)
        if not any_audio:
            if has_words(text):
                raise APIConnectionError("espeak-ng said nothing", retryable=False)
            emitter.push(silence(rate_hz=child.rate_hz))


def _heard(emitter: tts.AudioEmitter) -> bool:
    """Whether audio has left the emitter; what it still holds is dropped with it."""
    return emitter.pushed_duration() > 0
