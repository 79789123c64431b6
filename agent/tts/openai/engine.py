"""Engine `openai`: any server of `/v1/audio/speech`, played as its bytes arrive.

OpenAI, Kokoro-FastAPI, speaches and this project's own server speak it. `pcm` is asked for:
it needs no decoder, so the first bytes are the first samples. What comes back is decided by
the bytes of the answer, not by the request or a label: bare samples, WAV, server-sent events or
JSON, or a compressed format from a server that knows no `pcm` (`agent.tts.served.speech_body`).

Source: https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from livekit.agents import APIStatusError

from agent.remote import openai_errors
from agent.remote.http_client import preload as preload
from agent.tts.openai.options import Options
from agent.tts.served.probing import PROBE_TIMEOUT_S, built, have_a_word_said
from agent.tts.served.voice import ServedVoice
from agent.tts.served.wire import Answer, HttpConnections, Wire


def build(options: Options) -> ServedVoice:
    """Make the component; nothing is contacted yet."""
    server = HttpConnections(options.url, options.api_key, warm_up_path="models")
    return ServedVoice(OpenAIWire(options, server))


async def probe(options: Options) -> str:
    """Have a word spoken and say which voice answered and when.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or does not send speech.
    """
    engine = await built(partial(build, options))
    try:
        first = await have_a_word_said(
            engine,
            address=options.url,
            refused=partial(_refusal, options),
            running="is the server running, and does TTS_URL end in /v1?",
            timeout_s=PROBE_TIMEOUT_S,
        )
    finally:
        await engine.aclose()
    return f"{options.model}, voice {options.voice}, at {engine.provider}: {first}"


def _refusal(options: Options, error: APIStatusError) -> str:
    remedy = openai_errors.remedy(
        error.status_code,
        stage="TTS",
        wish="TTS_MODEL and TTS_VOICE to some",
        wrong=(400, 404, 422),
    )
    asked = f"model {options.model} with voice {options.voice}"
    return f"{options.url} refuses {asked}: {openai_errors.reason_of(error)}; {remedy}"


class OpenAIWire(Wire):
    """One voice of such a server."""

    server: HttpConnections

    def __init__(self, options: Options, server: HttpConnections) -> None:
        """Ask `server` as `options` say."""
        self.server = server
        self.rate_hz = options.sample_rate_hz
        self.stall_s = options.stall_s
        self._options = options

    @property
    def model(self) -> str:
        """Name of the model as the server knows it."""
        return self._options.model

    def speak(self, text: str) -> AbstractAsyncContextManager[Answer]:
        """Ask for a text."""
        request = self.server.client.build_request("POST", "audio/speech", json=self._body(text))
        return self.server.answer(request, rate_hz=self.rate_hz)

    def with_voice(self, voice: str, *, speed: float) -> "OpenAIWire":
        """Another voice of the server."""
        own = self._options
        changed = {"voice": voice or own.voice, "speed": min(4.0, max(0.25, own.speed * speed))}
        return OpenAIWire(own.model_copy(update=changed), self.server)

    def _body(self, text: str) -> dict[str, Any]:
        options = self._options
        body: dict[str, Any] = {
            "model": options.model,
            "input": text,
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
