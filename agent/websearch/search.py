"""One search after the other, over the wire of the engine that was chosen."""

import asyncio
import importlib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx
from livekit.agents import APIConnectionError

from agent.options.web_search import ENGINES, WebSearchOptions
from agent.remote.bounded_body import AS_IT_IS, body_up_to
from agent.remote.http_client import answer, open_client
from agent.remote.openai_errors import Refused, TimedOut
from agent.websearch.result import WebResult, is_web_address, plain
from agent.websearch.wire import Unanswered, Wire, Wish, said_in

_KEEP_ALIVE_S = 20.0
_MOST_BYTES = 1_000_000
"""Ten times what an engine sends; its JSON is decoded on the event loop."""
_QUERY_CHARS = 400
"""Tavily refuses longer ones, and no engine finds more by them."""
_PASSING = (408, 425, 429)
"""Statuses that another try may change."""


def open_search(options: WebSearchOptions) -> "WebSearch":
    """The search that the settings name, which are not `off`; contacts nobody.

    It reads the certificate store, which takes 0.1 s: call it off the event loop.

    Raises:
        EngineUnavailable: the environment names a proxy that cannot be used.
    """
    wire: Wire = importlib.import_module(ENGINES[options.web_search].module).WIRE
    return WebSearch(options, wire)


class WebSearch:
    """Belongs to the event loop of its first search; searches may be made side by side."""

    def __init__(self, options: WebSearchOptions, wire: Wire) -> None:
        self._wire = wire
        self._timeout_s = options.timeout_s
        key = options.api_key.get_secret_value() if options.api_key else ""
        # People copy the address of a search.
        url = options.address.rstrip("/").removesuffix("/search")
        self._client = open_client(
            url,
            None,
            keep_alive_s=_KEEP_ALIVE_S,
            headers={**AS_IT_IS, "Accept": "application/json", **wire.headers(key)},
        )

    @property
    def name(self) -> str:
        """The engine, for people."""
        return self._wire.name

    @property
    def provider(self) -> str:
        """Host and port of its server."""
        return self._client.base_url.netloc.decode("ascii")

    async def search(self, query: str, *, language: str = "", limit: int = 4) -> list[WebResult]:
        """Find pages, best first, each once. Cancelling closes the connection to the engine.

        Args:
            query: what to search for; more than 400 characters are not sent.
            language: BCP-47 tag of the language that results are to have; empty: any.
            limit: most results.

        Raises:
            APITimeoutError: there was no answer within WEB_SEARCH_TIMEOUT_S.
            APIStatusError: the engine refuses; the message says what to do about it.
            APIConnectionError: it cannot be reached, or its answer is none. No message, of these
                three, repeats the query.
        """
        if self._client.is_closed:
            raise APIConnectionError("this search was closed", retryable=False)
        # Without halves of characters, which cannot be sent.
        words = query.encode("utf-8", "ignore").decode()[:_QUERY_CHARS]
        request = self._wire.request(self._client, Wish(words, language, limit))
        return _usable(self._read(await self._ask(request)), limit)

    async def aclose(self) -> None:
        """Close the connections; searches in flight fail. May be called more than once."""
        await self._client.aclose()

    async def _ask(self, request: httpx.Request) -> Any:
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                answer(self._client, request) as response,
            ):
                body, whole = await body_up_to(response, _MOST_BYTES)
        except TimeoutError as error:
            raise TimedOut(f"{self.name} has not answered in {self._timeout_s:g} s") from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise APIConnectionError(f"{self.name} at {self.provider} is not reached") from error
        except httpx.DecodingError as error:
            raise self._no_answer("packed, which was not asked for") from error
        except httpx.HTTPError as error:
            raise APIConnectionError(f"the connection to {self.name} broke") from error
        decoded = _decoded(body) if whole else None
        if response.status_code != 200:
            raise self._refusal(response, said_in(decoded))
        if not whole:
            raise self._no_answer(f"longer than {_MOST_BYTES // 1000} kB")
        if decoded is None:
            page = body.lstrip()[:1] == b"<"
            raise self._no_answer("a web page instead of JSON" if page else "no JSON")
        return decoded

    def _read(self, body: Any) -> list[WebResult]:
        if not isinstance(body, dict):
            raise self._no_answer("JSON of another kind")
        try:
            return list(self._wire.results(body))
        except Unanswered as error:
            raise APIConnectionError(f"{self.name}: {error}") from error
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise self._no_answer("JSON of another kind") from error

    def _no_answer(self, what: str) -> APIConnectionError:
        return APIConnectionError(
            f"the answer of {self.provider} is {what}: is {self.name} there, and is "
            "WEB_SEARCH_URL its address?",
            retryable=False,
        )

    def _refusal(self, response: httpx.Response, said: str) -> Refused:
        status = response.status_code
        return Refused(
            f"{self.name} refuses with status {status}: {self._wire.remedy(status, said)}",
            reason=said or f"status {status}",
            status_code=status,
            retryable=status in _PASSING or status >= 500,
        )


def _decoded(body: bytes) -> Any:
    """JSON, or None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _usable(found: Iterable[WebResult], limit: int) -> list[WebResult]:
    """Those with an address and a text, in plain words."""
    kept: dict[str, WebResult] = {}
    for result in found:
        if len(kept) >= limit:
            break
        if not is_web_address(result.url) or result.url in kept:
            continue
        title, extract = plain(result.title), plain(result.extract)
        if title or extract:
            date = plain(result.date)
            kept[result.url] = replace(
                result, title=title or result.site, extract=extract, date=date
            )
    return list(kept.values())
