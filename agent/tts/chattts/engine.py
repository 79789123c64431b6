"""Engine `chattts`: the two example servers of ChatTTS.

`main.py` answers with a ZIP of MP3s when all is made; `openai_api.py` streams a WAV. Both work on
one request at a time. The text must be plain: the wording of this project sees to that.

Source: 2noise/ChatTTS, examples/api/main.py and examples/api/openai_api.py.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal

from livekit.agents import APIConnectionError

from agent.remote.http_client import preload as preload
from agent.tts.chattts.options import Options
from agent.tts.chattts.zip_body import ZipBody
from agent.tts.served.probing import built, have_a_word_said, word_in
from agent.tts.served.refusals import explained
from agent.tts.served.voice import ServedVoice
from agent.tts.served.wire import Answer, HttpConnections, Wire

_RATE_HZ = 24000
_PACES = 9
"""`[speed_0]` to `[speed_9]`; the fifth is the usual one."""
_USUAL_PACE = 5
_NAMED = ("default", "alloy", "echo")
Program = Literal["main", "openai_api"]


def build(options: Options) -> ServedVoice:
    """Make the component; nothing is contacted yet."""
    return ServedVoice(ChatTTSWire(options, _Server(options)))


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
            refused=partial(explained, options.url),
            running="is examples/api/main.py or openai_api.py of ChatTTS running there?",
            word=word_in(options.language),
        )
    finally:
        await engine.aclose()
    return f"{engine.model} at {engine.provider}: {first}"


class _Server(HttpConnections):
    """Which of the two programs it is."""

    def __init__(self, options: Options) -> None:
        super().__init__(options.url, options.api_key, warm_up_path="openapi.json")
        self._program: Program | None = None if options.dialect == "auto" else options.dialect

    async def greet(self) -> None:
        """Find out which one it is."""
        await self.program()

    async def program(self) -> Program:
        """Asks once; raises httpx.HTTPError, or APIError when it refuses or is neither."""
        if self._program is None:
            paths = await self.paths()
            if "/generate_voice" in paths:
                self._program = "main"
            elif "/v1/audio/speech" in paths:
                self._program = "openai_api"
            else:
                raise APIConnectionError("no server of ChatTTS answers there", retryable=False)
        return self._program


class ChatTTSWire(Wire):
    """One voice of such a server."""

    server: _Server

    def __init__(self, options: Options, server: _Server) -> None:
        """Ask `server` as `options` say."""
        self.server = server
        self.rate_hz = _RATE_HZ
        self.stall_s = options.stall_s
        self._options = options

    @property
    def model(self) -> str:
        """The voice."""
        voice = self._options.voice
        return f"ChatTTS, voice {voice if len(voice) < 20 else 'by its embedding'}"

    @asynccontextmanager
    async def speak(self, text: str) -> AsyncIterator[Answer]:
        """Ask for a text."""
        client = self.server.client
        body: ZipBody | None = None
        if await self.server.program() == "main":
            request = client.build_request("POST", "generate_voice", json=self._main(text))
            body = ZipBody(rate_hz=self.rate_hz)
        else:
            request = client.build_request("POST", "v1/audio/speech", json=self._openai(text))
        async with self.server.answer(request, rate_hz=self.rate_hz, body=body) as answer:
            yield answer

    def with_voice(self, voice: str, *, speed: float) -> "ChatTTSWire":
        """Another voice of the server."""
        own = self._options
        changed = {"voice": voice or own.voice, "speed": own.speed * speed}
        return ChatTTSWire(own.model_copy(update=changed), self.server)

    def _main(self, text: str) -> dict[str, Any]:
        own = self._options
        seeded = own.voice.isdecimal()
        pace = min(_PACES, max(0, round(_USUAL_PACE * own.speed)))
        return {
            "text": [text],
            "stream": False,
            "lang": own.language.partition("-")[0].lower() or None,
            "skip_refine_text": True,
            "use_decoder": True,
            "do_text_normalization": True,
            "do_homophone_replacement": False,
            "params_refine_text": None,
            "params_infer_code": {
                "prompt": f"[speed_{pace}]",
                "top_P": own.top_p,
                "top_K": own.top_k,
                "temperature": own.temperature,
                "manual_seed": int(own.voice) if seeded else None,
                "spk_emb": None if seeded else own.voice,
            },
        }

    def _openai(self, text: str) -> dict[str, Any]:
        voice = self._options.voice
        return {
            "model": "tts-1",
            "input": text,
            "voice": voice if voice in _NAMED else _NAMED[0],
            "response_format": "wav",
            "speed": min(2.0, max(0.5, self._options.speed)),
            "stream": True,
        }
