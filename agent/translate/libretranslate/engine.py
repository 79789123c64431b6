"""Engine `libretranslate`: any server with LibreTranslate's `/translate` and `/languages`.

Source: https://docs.libretranslate.com/api/operations/translate/;
model_servers/translate/PROTOCOL.md.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
from livekit.agents import APIConnectionError, APIError, APIStatusError

from agent.errors import EngineUnavailable
from agent.remote.http_client import WarmUp, answer, caller_header, open_client, preload
from agent.remote.openai_errors import Refused, TimedOut, reason_of
from agent.translate.libretranslate.options import Options
from agent.translate.translator import Wish

__all__ = ["Options", "build", "preload", "probe"]

_KEEP_ALIVE_S = 20.0
_PROBE_S = 8.0
_MOST_REASON = 200


def build(options: Options) -> "LibreTranslator":
    """Make the translator; nothing is contacted yet."""
    return LibreTranslator(options)


async def probe(options: Options) -> str:
    """Ask for the languages, translate a word, and say how fast that was.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or has no pair of languages.
    """
    engine = await asyncio.to_thread(LibreTranslator, options)
    try:
        pairs = await engine.pairs(timeout_s=_PROBE_S)
        source, target = next(((s, t[0]) for s, t in pairs if t), ("", ""))
        if not source:
            raise EngineUnavailable(f"{options.url} knows no pair of languages")
        began = time.perf_counter()
        await engine.translate(Wish("1", source, target), timeout_s=_PROBE_S)
        took_s = time.perf_counter() - began
    except APIError as error:
        raise EngineUnavailable(
            f"{options.url} does not translate: {reason_of(error)}; is a translation server "
            "running there (`python -m model_servers.translate`), and is TRANSLATE_URL its address?"
        ) from error
    finally:
        await engine.aclose()
    return f"{len(pairs)} languages, {source} into {target} after {took_s:.2f} s"


class LibreTranslator:
    """`agent.translate.translator.Translator`; requests may be made side by side."""

    model = "libretranslate"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._key = options.api_key.get_secret_value() if options.api_key else None
        self._client = open_client(
            options.url, options.api_key, keep_alive_s=_KEEP_ALIVE_S, headers=caller_header()
        )
        self._warm_up = WarmUp(
            self._client, name="warm-translator", ask=lambda: self._client.get("languages")
        )

    @property
    def provider(self) -> str:
        """Host and port of the server."""
        return urlsplit(self._options.url).netloc.rpartition("@")[2]

    def prewarm(self) -> None:
        """Open the connection in the background; returns at once."""
        self._warm_up.begin()

    async def translate(self, wish: Wish, *, timeout_s: float) -> str:
        """The text in the wanted language; see `Translator.translate`."""
        asked = {"q": wish.text, "source": wish.source, "target": wish.target, "format": "text"}
        if self._key is not None:
            asked["api_key"] = self._key
        body = await self._ask("POST", "translate", asked, timeout_s=timeout_s)
        text = body.get("translatedText") if isinstance(body, dict) else None
        if not isinstance(text, str):
            raise APIConnectionError("the answer is not a translation", retryable=False)
        return text.strip()

    async def pairs(self, *, timeout_s: float) -> list[tuple[str, Sequence[str]]]:
        """Each language that the server reads, with those that it writes it in.

        Raises:
            APIError: as `translate` does.
        """
        body = await self._ask("GET", "languages", None, timeout_s=timeout_s)
        if not isinstance(body, list):
            raise APIConnectionError("the answer is not a list of languages", retryable=False)
        return [
            (str(line["code"]), [str(code) for code in line.get("targets", ())])
            for line in body
            if isinstance(line, dict) and "code" in line
        ]

    async def aclose(self) -> None:
        """Close the connections; requests in flight fail. May be called more than once."""
        await self._warm_up.aclose()
        await self._client.aclose()

    async def _ask(self, method: str, path: str, body: Any, *, timeout_s: float) -> Any:
        if self._client.is_closed:
            raise APIConnectionError("this translator was closed", retryable=False)
        request = self._client.build_request(method, path, json=body)
        try:
            async with asyncio.timeout(timeout_s), answer(self._client, request) as response:
                await response.aread()
        except TimeoutError as error:
            raise TimedOut(f"no translation within {timeout_s:g} s") from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise APIConnectionError("the translation server cannot be reached") from error
        except httpx.HTTPError as error:
            raise APIConnectionError("the connection broke before the translation") from error
        if response.status_code != 200:
            raise _refusal(response)
        try:
            return response.json()
        except ValueError as error:
            raise APIConnectionError("the answer is not JSON", retryable=False) from error


def _refusal(response: httpx.Response) -> APIStatusError:
    try:
        said = response.json().get("error", "")
    except (ValueError, AttributeError):
        said = ""
    reason = said.get("message", "") if isinstance(said, dict) else said
    status = response.status_code
    return Refused(
        f"the translation server refuses with status {status}",
        reason=str(reason)[:_MOST_REASON] or f"status {status}",
        status_code=status,
        retryable=status in (408, 425, 429) or status >= 500,
    )
