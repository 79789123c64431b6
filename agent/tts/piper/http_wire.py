"""Piper's own HTTP server: a whole WAV for each text.

Older ones take the bare text at `/` and know no voices. An unknown voice is spoken in the usual
one without a word.

Source: OHF-Voice/piper1-gpl, src/piper/http_server.py.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agent.tts.piper.options import Options
from agent.tts.served.wire import Answer, HttpConnections, Wire

_SLOWEST, _FASTEST = 0.25, 4.0


class PiperServer(HttpConnections):
    """Such a server."""

    def __init__(self, options: Options) -> None:
        """Contact nobody yet."""
        super().__init__(options.url, options.api_key, warm_up_path="voices")
        self._voices: list[str] | None = None
        self._older = False

    async def greet(self) -> None:
        """Ask for its voices."""
        await self.voices()

    async def voices(self) -> list[str]:
        """Its voices; empty with an older server. Asks once.

        Raises:
            Refused: it does not say.
            httpx.HTTPError: the connection failed.
        """
        if self._voices is None:
            listed = await self.json("voices")
            self._older = not isinstance(listed, dict)
            self._voices = list(listed) if isinstance(listed, dict) else []
        return self._voices

    async def is_older(self) -> bool:
        """Whether it is one that knows no voices; raises as `voices`."""
        await self.voices()
        return self._older


class PiperHttpWire(Wire):
    """One voice of such a server."""

    server: PiperServer

    def __init__(self, options: Options, server: PiperServer) -> None:
        """Ask `server` as `options` say."""
        self.server = server
        self.rate_hz = options.sample_rate_hz
        self.stall_s = options.stall_s
        self._options = options

    @property
    def model(self) -> str:
        """The voice."""
        return f"Piper, {self._options.voice or 'its usual voice'}"

    @asynccontextmanager
    async def speak(self, text: str) -> AsyncIterator[Answer]:
        """Ask for a text."""
        client = self.server.client
        if await self.server.is_older():
            plain = {"Content-Type": "text/plain; charset=utf-8"}
            request = client.build_request("POST", "", content=text.encode(), headers=plain)
        else:
            request = client.build_request("POST", "synthesize", json=self._body(text))
        async with self.server.answer(request, rate_hz=self.rate_hz) as answer:
            yield answer

    def with_voice(self, voice: str, *, speed: float) -> "PiperHttpWire":
        """Another voice of the server."""
        own = self._options
        pace = min(_FASTEST, max(_SLOWEST, own.speed * speed))
        changed = {"voice": voice or own.voice, "speed": pace}
        return PiperHttpWire(own.model_copy(update=changed), self.server)

    def _body(self, text: str) -> dict[str, Any]:
        own = self._options
        body: dict[str, Any] = {"text": text}
        if own.voice:
            body["voice"] = own.voice
        if own.speaker.isdecimal():
            body["speaker_id"] = int(own.speaker)
        elif own.speaker:
            body["speaker"] = own.speaker
        if own.speed != 1.0:
            body["length_scale"] = 1 / own.speed
        for name in ("noise_scale", "noise_w_scale"):
            value = getattr(own, name)
            if value is not None:
                body[name] = value
        return body
