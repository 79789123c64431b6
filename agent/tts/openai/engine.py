"""Engine `openai`: any server of `/v1/audio/speech`, played as its bytes arrive.

OpenAI, Kokoro-FastAPI, speaches and this project's own server speak it. `pcm` is asked for:
it needs no decoder, so the first bytes are the first samples. What comes back is decided by
the bytes of the answer, not by the request or a label: bare samples, WAV, server-sent events or
JSON, or a compressed format from a server that knows no `pcm` (`agent.tts.openai.speech_body`).

Source: https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

import asyncio
import contextlib
import json
import time
from typing import Any

import httpx
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    tts,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.utils import shortuuid

from agent.errors import EngineUnavailable
from agent.remote import openai_errors
from agent.remote.http_client import WarmUp, answer, caller_header, open_client
from agent.remote.http_client import preload as preload
from agent.tts.openai.options import Options
from agent.tts.openai.speech_body import MalformedBody, ServerFault, SpeechBody
from agent.wording.speakable import clean, has_words, is_speakable, push_silence, silence

_KEEP_ALIVE_S = 120.0
"""Longer than most pauses between two replies; servers may close earlier."""
_ERROR_BODY_LIMIT = 4096
_PASSING = (408, 409, 429)
"""Statuses below 500 that another try may change."""
PROBE_TIMEOUT_S = 20.0
"""A local server may still be loading its voice when it is asked for the first time."""


def build(options: Options) -> tts.TTS[Any]:
    """Make the component; nothing is contacted yet."""
    return OpenAISpeech(options)


async def probe(options: Options) -> str:
    """Have a word spoken and say which voice answered and when.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or does not send speech.
    """
    engine = await asyncio.to_thread(OpenAISpeech, options)
    began = time.perf_counter()
    try:
        limits = APIConnectOptions(max_retry=0, timeout=PROBE_TIMEOUT_S)
        async with engine.synthesize("Hello.", conn_options=limits) as stream:
            first = await anext(stream)
        waited = time.perf_counter() - began
    except APIStatusError as error:
        raise EngineUnavailable(_refusal(options, error)) from error
    except APITimeoutError as error:
        raise EngineUnavailable(
            f"{options.url} sent no speech within {PROBE_TIMEOUT_S:g} s; a local model may "
            "still be loading: try again, or set TTS_URL to a faster server"
        ) from error
    except APIError as error:
        raise EngineUnavailable(
            f"{options.url} does not serve speech: {error}; is the server running, "
            "and does TTS_URL end in /v1?"
        ) from error
    finally:
        await engine.aclose()
    return (
        f"{options.model}, voice {options.voice}, at {engine.provider}: first audio after "
        f"{waited:.2f} s, {first.frame.sample_rate} Hz"
    )


def _refusal(options: Options, error: APIStatusError) -> str:
    remedy = openai_errors.remedy(
        error.status_code,
        stage="TTS",
        wish="TTS_MODEL and TTS_VOICE to some",
        wrong=(400, 404, 422),
    )
    asked = f"model {options.model} with voice {options.voice}"
    return f"{options.url} refuses {asked}: {openai_errors.reason_of(error)}; {remedy}"


class OpenAISpeech(tts.TTS[Any]):
    """One persistent client; any number of syntheses at once. Mono at `sample_rate_hz`."""

    def __init__(self, options: Options, *, shares: "OpenAISpeech | None" = None) -> None:
        """Prepare the client; it belongs to the event loop of the first request.

        `shares`: an engine whose client is used; that engine closes it.
        """
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=options.sample_rate_hz,
            num_channels=1,
        )
        self.options = options
        self._shares = shares
        self.client: httpx.AsyncClient = (
            shares.client if shares is not None else _open_client(options)
        )
        self._provider = self.client.base_url.netloc.decode()
        self._warm_up = WarmUp(self.client, name="tts warm-up")

    @property
    def model(self) -> str:
        """Name of the model as the server knows it."""
        return self.options.model

    @property
    def provider(self) -> str:
        """Host and port of the server."""
        return self._provider

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "SpeechStream":
        """Start one request. Closing the stream closes its connection."""
        return SpeechStream(tts=self, input_text=text, conn_options=conn_options)

    def with_voice(self, voice: str, *, speed: float) -> "OpenAISpeech":
        """Another voice over the same connections; see `agent.tts.other_voice`."""
        own = self.options
        limits = {"voice": voice or own.voice, "speed": min(4.0, max(0.25, own.speed * speed))}
        return OpenAISpeech(own.model_copy(update=limits), shares=self)

    def prewarm(self) -> None:
        """Open a connection in the background; needs a running event loop."""
        if self._shares is not None:
            self._shares.prewarm()
        else:
            self._warm_up.begin()

    async def aclose(self) -> None:
        """Close all connections, if they are its own. May be called more than once."""
        if self._shares is not None:
            return
        await self._warm_up.aclose()
        await self.client.aclose()


class SpeechStream(tts.ChunkedStream):
    """One request.

    The first audio must come within `conn_options.timeout`, each further chunk within
    `stall_s`. Once audio was handed on, errors are not retried: it would be heard twice.
    """

    def __init__(
        self, *, tts: OpenAISpeech, input_text: str, conn_options: APIConnectOptions
    ) -> None:
        super().__init__(tts=tts, input_text=input_text, conn_options=conn_options)
        self._client = tts.client
        self._options = tts.options

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        if not is_speakable(self.input_text):
            push_silence(output_emitter, rate_hz=self._options.sample_rate_hz)
            return
        self._any_audio = False
        wait_s = self._conn_options.timeout
        try:
            async with asyncio.timeout(wait_s) as self._patience:
                await self._speak(output_emitter)
        except TimeoutError as error:
            if _heard(output_emitter):
                message = f"no further audio within {self._options.stall_s:g} s"
            else:
                message = f"no audio within {wait_s:g} s"
            raise APITimeoutError(message, retryable=not _heard(output_emitter)) from error
        except (httpx.HTTPError, ServerFault) as error:
            message = "the speech server's answer broke off"
            if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                message = "the speech server cannot be reached"
            raise APIConnectionError(message, retryable=not _heard(output_emitter)) from error
        except MalformedBody as error:
            raise APIConnectionError(
                f"the speech server's answer is not speech: {error}", retryable=False
            ) from error

    def _request(self) -> dict[str, Any]:
        options = self._options
        body: dict[str, Any] = {
            "model": options.model,
            "input": clean(self.input_text),
            "voice": options.voice,
            "response_format": "pcm",
        }
        # Servers differ in which further fields they know.
        if options.speed != 1.0:
            body["speed"] = options.speed
        if options.instructions:
            body["instructions"] = options.instructions
        if options.stream_format:
            body["stream_format"] = options.stream_format
        if options.send_sample_rate:
            body["sample_rate"] = options.sample_rate_hz
        return body

    async def _speak(self, emitter: tts.AudioEmitter) -> None:
        request = self._client.build_request("POST", "audio/speech", json=self._request())
        async with answer(self._client, request) as response:
            if response.status_code != 200:
                raise await _status_error(response)
            rate_hz = self._options.sample_rate_hz
            body = SpeechBody(response.headers.get("content-type", ""), rate_hz=rate_hz)
            emitter.initialize(
                request_id=response.headers.get("x-request-id") or shortuuid(),
                sample_rate=rate_hz,
                num_channels=1,
                mime_type="audio/pcm",
            )
            async for chunk in response.aiter_bytes():
                self._push(emitter, body.feed(chunk))
                if self._any_audio:
                    now = asyncio.get_running_loop().time()
                    self._patience.reschedule(now + self._options.stall_s)
            self._push(emitter, body.end())
        self._set_token_usage(input_tokens=body.usage[0], output_tokens=body.usage[1])
        if not self._any_audio:
            if has_words(self.input_text):
                raise APIConnectionError("the speech server answered without audio")
            emitter.push(silence(rate_hz=rate_hz))

    def _push(self, emitter: tts.AudioEmitter, audio: bytes) -> None:
        if audio:
            self._any_audio = True
            emitter.push(audio)


def _open_client(options: Options) -> httpx.AsyncClient:
    return open_client(
        options.url,
        options.api_key,
        keep_alive_s=_KEEP_ALIVE_S,
        # Compressed on the way, samples would wait for a full block.
        headers={"Accept-Encoding": "identity", **caller_header()},
    )


def _heard(emitter: tts.AudioEmitter) -> bool:
    """Whether audio has left the emitter; what it still holds is dropped with it."""
    return emitter.pushed_duration() > 0


async def _status_error(response: httpx.Response) -> APIStatusError:
    """Describe a refusal; what the server says may repeat what was to be spoken."""
    received = b""
    async for chunk in response.aiter_bytes():
        received += chunk
        if len(received) > _ERROR_BODY_LIMIT:
            break
    body: object = None
    with contextlib.suppress(ValueError):
        body = json.loads(received)
    why = openai_errors.reason(body)
    return openai_errors.refusal(response, why, who="the speech server", passing=_PASSING)
