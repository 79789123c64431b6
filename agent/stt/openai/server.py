"""One transcription server: which it is, where it is asked, and what it says when it refuses.

It is looked at once, with a request for its models, which also opens the connection. whisper.cpp
serves another path unless it is told otherwise, and says "not found" to whatever goes wrong.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from livekit.agents import APIConnectionError, APITimeoutError

from agent.remote import openai_errors
from agent.remote.http_client import caller_header, open_client
from agent.stt.exchange import PASSING, whole_answer
from agent.stt.openai.dialects import OPENAI_HOST, base_of, dialect_of
from agent.stt.openai.options import DialectName, Options

_KEEP_ALIVE_S = 55.0
_LOOK_S = 2.0
"""A list of models that takes longer is not waited for."""
_WHO = "the recognition server"


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how it is asked."""

    dialect: DialectName
    url: httpx.URL


class TranscriptionServer:
    """It belongs to the event loop of the first request. Requests are independent of each other."""

    def __init__(self, options: Options) -> None:
        """Prepare the connection; nothing is contacted yet."""
        self.client = open_client(
            base_of(options.url),
            options.api_key,
            keep_alive_s=_KEEP_ALIVE_S,
            headers=caller_header(),
        )
        self._translates = options.task == "translate"
        self._named: DialectName | None = None if options.dialect == "auto" else options.dialect
        if self.host == OPENAI_HOST:
            self._named = self._named or "openai"
        self._place: Place | None = None
        self.last_seen = self._named
        """Which server it was when last looked at, to explain what it says."""

    @property
    def host(self) -> str:
        """Its name, or its address."""
        return self.client.base_url.host

    @property
    def address(self) -> str:
        """Host and port."""
        return self.client.base_url.netloc.decode()

    @property
    def dialect(self) -> DialectName | None:
        """Which server it is; None: it was not looked at yet."""
        return self._place.dialect if self._place is not None else self._named

    async def place(self, *, limit_s: float) -> Place:
        """Where and how it is asked; looks at it, if nobody has done so.

        Raises:
            APIError: it cannot be reached, or is not ready.
        """
        if self._place is None:
            began = time.perf_counter()
            dialect = self._named or await self._look(min(limit_s, _LOOK_S))
            if dialect is None:
                # It may tell another time.
                return Place("openai", self._usual)
            left_s = limit_s - (time.perf_counter() - began)
            url = await self._whisper_cpp(left_s) if dialect == "whisper_cpp" else self._usual
            self._place = Place(dialect, url)
            self.last_seen = dialect
        return self._place

    async def answer(
        self, place: Place, *, wav: bytes, fields: Mapping[str, str], limit_s: float, **more: Any
    ) -> httpx.Response:
        """Send an utterance; gives the answer, whole, which has status 200. `more` is httpx's.

        Raises:
            APITimeoutError: it took longer than `limit_s`, seconds.
            APIConnectionError: there was no answer, or only a part of it.
            Refused: it refuses.
        """
        files = {"file": ("utterance.wav", wav, "audio/wav")}
        request = self.client.build_request("POST", place.url, data=fields, files=files, **more)
        response = await whole_answer(self.client, request, limit_s=limit_s)
        if response.status_code == 200:
            return response
        if response.status_code in (404, 405):
            # Another server may listen there by now.
            self._place = None
        raise openai_errors.refusal(response, _reason(response), who=_WHO, passing=PASSING)

    async def aclose(self) -> None:
        """Close all connections. May be called more than once."""
        await self.client.aclose()

    @property
    def _usual(self) -> httpx.URL:
        route = "translations" if self._translates else "transcriptions"
        return self.client.base_url.join(f"audio/{route}")

    async def _look(self, limit_s: float) -> DialectName | None:
        request = self.client.build_request("GET", "models")
        try:
            response = await whole_answer(self.client, request, limit_s=limit_s)
        except APITimeoutError:
            return None
        return None if response.status_code >= 500 else dialect_of(response)

    async def _whisper_cpp(self, limit_s: float) -> httpx.URL:
        """The one of its usual paths that it serves: it answers OPTIONS there alone."""
        base = self.client.base_url
        root = base.copy_with(path=base.path.removesuffix("v1/"))
        for url in (base.join("audio/transcriptions"), root.join("inference")):
            request = self.client.build_request("OPTIONS", url)
            response = await whole_answer(self.client, request, limit_s=limit_s)
            if response.status_code < 400:
                return url
        request = self.client.build_request("GET", root.join("health"))
        response = await whole_answer(self.client, request, limit_s=limit_s)
        if response.status_code != 200:
            raise openai_errors.Refused(
                f"{_WHO} is not ready",
                reason="whisper.cpp is still loading its model",
                status_code=503,
            )
        raise APIConnectionError(
            f"{_WHO}, whisper.cpp, serves neither /inference nor /v1/audio/transcriptions: start "
            "it without --inference-path, or with the latter",
            retryable=False,
        )


def _reason(response: httpx.Response) -> str:
    """What it says, as JSON or in plain words."""
    try:
        return openai_errors.reason(response.json())
    except ValueError:
        plain = response.headers.get("content-type", "").startswith("text/plain")
        return openai_errors.one_line(response.text) if plain else ""
