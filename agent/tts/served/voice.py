"""A voice that a server speaks: one request a text, played as its bytes arrive."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import numpy as np
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APITimeoutError,
    tts,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

from agent.audio.streams import is_sound
from agent.tts.cloning import VoiceSample
from agent.tts.served.speech_body import MalformedBody, ServerFault
from agent.tts.served.wire import Answer, BrokeOff, Unreachable, Wire
from agent.wording.speakable import clean, has_words, is_speakable, push_silence, silence

_HELD_S = 2.0
"""Silence at the beginning of an answer that waits for its first sound: a server whose model has
failed may send a second of it, which must not count as said."""
_LONGEST_S, _LONGEST_LETTER_S = 60.0, 1.0
"""An answer may take so long in all, and so much for each letter more: one that drips is ended."""
_CUT = (httpx.HTTPError, ServerFault, BrokeOff, OSError, EOFError)


class ServedVoice(tts.TTS[Any]):
    """Any number of syntheses at once. Mono at its wire's rate."""

    def __init__(self, wire: Wire, *, shares: "ServedVoice | None" = None) -> None:
        """Speak over `wire`; nothing is contacted yet.

        `shares`: a voice whose connections are used; that voice closes them.
        """
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=wire.rate_hz,
            num_channels=1,
        )
        self.wire = wire
        self._shares = shares
        self._closed = False

    @property
    def model(self) -> str:
        """The model, for people."""
        return self.wire.model

    @property
    def provider(self) -> str:
        """Host and port of the server."""
        return self.wire.server.provider

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "ServedSpeech":
        """Start one request. Closing the stream closes its connection."""
        return ServedSpeech(tts=self, input_text=text, conn_options=conn_options)

    def with_voice(self, voice: str, *, speed: float) -> "ServedVoice":
        """Another voice over the same connections; see `agent.tts.other_voice`."""
        return ServedVoice(self.wire.with_voice(voice, speed=speed), shares=self._shares or self)

    @property
    def clones(self) -> bool:
        """Whether it speaks like a recording that it is given; see `agent.tts.cloning`."""
        return self.wire.clones

    def like(self, sample: VoiceSample, *, language: str, speed: float) -> "ServedVoice":
        """Speaking like `sample`, over the same connections."""
        wire = self.wire.like(sample, language=language, speed=speed)
        return ServedVoice(wire, shares=self._shares or self)

    def check_open(self) -> None:
        """Raises APIConnectionError when this, or whose connections it uses, was closed."""
        if self._closed or (self._shares or self)._closed:
            raise APIConnectionError("this voice was closed", retryable=False)

    def prewarm(self) -> None:
        """Open a connection in the background; needs a running event loop."""
        self.wire.prewarm()

    async def aclose(self) -> None:
        """Close all connections, if they are its own, else let go of the voice alone.

        May be called more than once.
        """
        self._closed = True
        if self._shares is None:
            await self.wire.server.aclose()
        else:
            # livekit-agents' engines hold themselves until the garbage collector comes: by then
            # nothing is to know any more whose recording this one spoke like.
            self.wire = self._shares.wire


class ServedSpeech(tts.ChunkedStream):
    """One request.

    The first audio must come within `conn_options.timeout`, each further chunk within the wire's
    `stall_s`. Once audio was handed on, errors are not retried: it would be heard twice.
    """

    def __init__(
        self, *, tts: ServedVoice, input_text: str, conn_options: APIConnectOptions
    ) -> None:
        super().__init__(tts=tts, input_text=input_text, conn_options=conn_options)
        self._voice, self._wire = tts, tts.wire

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        if not is_speakable(self.input_text):
            push_silence(output_emitter, rate_hz=self._wire.rate_hz)
            return
        self._voice.check_open()
        self._held: bytes | None = b""
        """Silence that waits for a sound; None once there was one."""
        wait_s = self._conn_options.timeout
        now = asyncio.get_running_loop().time()
        self._ends_at = now + _LONGEST_S + _LONGEST_LETTER_S * len(self.input_text)
        try:
            async with asyncio.timeout(wait_s) as self._patience:
                await self._speak(output_emitter)
        except TimeoutError as error:
            message = self._too_late()
            raise APITimeoutError(message, retryable=not _heard(output_emitter)) from error
        except (httpx.ConnectError, httpx.ConnectTimeout, Unreachable) as error:
            raise APIConnectionError("the speech server cannot be reached") from error
        except _CUT as error:
            message = "the speech server's answer broke off"
            raise APIConnectionError(message, retryable=not _heard(output_emitter)) from error
        except MalformedBody as error:
            raise APIConnectionError(
                f"the speech server's answer is not speech: {error}", retryable=False
            ) from error
        except APIError as error:
            if _heard(output_emitter):
                # livekit-agents would have the text said from its beginning.
                error.retryable = False
            raise

    def _too_late(self) -> str:
        """Which of the limits has been passed."""
        if asyncio.get_running_loop().time() >= self._ends_at:
            return "the answer takes too long in all"
        if self._held == b"":
            return f"no audio within {self._conn_options.timeout:g} s"
        return f"no further audio within {self._wire.stall_s:g} s"

    async def _speak(self, emitter: tts.AudioEmitter) -> None:
        async with self._wire.speak(clean(self.input_text)) as answer:
            emitter.initialize(
                request_id=answer.request_id,
                sample_rate=self._wire.rate_hz,
                num_channels=1,
                mime_type="audio/pcm",
            )
            await self._play(answer, emitter)
        self._set_token_usage(input_tokens=answer.body.usage[0], output_tokens=answer.body.usage[1])
        if self._held is None:
            return
        if has_words(self.input_text):
            what = "silence" if self._held else "no audio"
            raise APIConnectionError(f"the speech server answered with {what}")
        emitter.push(self._held or silence(rate_hz=self._wire.rate_hz))

    async def _play(self, answer: Answer, emitter: tts.AudioEmitter) -> None:
        try:
            async for chunk in answer.chunks:
                audio = answer.body.feed(chunk)
                self._push(emitter, audio)
                if audio or self._held is None:
                    until = asyncio.get_running_loop().time() + self._wire.stall_s
                    self._patience.reschedule(min(until, self._ends_at))
        finally:
            if isinstance(answer.chunks, AsyncGenerator):
                await answer.chunks.aclose()
        self._push(emitter, answer.body.end())

    def _push(self, emitter: tts.AudioEmitter, audio: bytes) -> None:
        if self._held is not None:
            self._held += audio
            quiet = not is_sound(np.frombuffer(self._held, "<i2"))
            if quiet and len(self._held) < 2 * _HELD_S * self._wire.rate_hz:
                return
            audio, self._held = self._held, None
        if audio:
            emitter.push(audio)


def _heard(emitter: tts.AudioEmitter) -> bool:
    """Whether audio has left the emitter; what it still holds is dropped with it."""
    return emitter.pushed_duration() > 0
