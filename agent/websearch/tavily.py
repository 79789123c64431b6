"""Engine `tavily`: a search that gives the passages which belong to the question.

Its own `answer` is not asked for: it takes a second, names no source, and the call's model makes
one anyway. The language is that of the query.

Source: https://docs.tavily.com/documentation/api-reference/endpoint/search;
tavily-ai/tavily-python, tavily/async_tavily.py (refusals: `detail.error`; 432, 433: limits of the
plan).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from agent.websearch.result import WebResult
from agent.websearch.wire import Wish, items, text


class TavilyWire:
    """POST /search with a bearer token."""

    name = "Tavily"

    def headers(self, key: str) -> Mapping[str, str]:
        """The key; none where a proxy adds it."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def request(self, client: httpx.AsyncClient, wish: Wish) -> httpx.Request:
        """A search of the cheaper and quicker kind."""
        asked = {
            "query": wish.query,
            "max_results": wish.limit,
            "search_depth": "basic",
            "include_answer": False,
        }
        return client.build_request("POST", "search", json=asked)

    def results(self, body: Mapping[str, Any]) -> Iterator[WebResult]:
        """In the order of their scores."""
        for item in items(body, "results"):
            yield WebResult(
                text(item, "title"),
                text(item, "url"),
                text(item, "content"),
                text(item, "published_date"),
            )

    def remedy(self, status: int, said: str) -> str:
        """Limits of the plan have statuses of their own."""
        if status in (401, 403):
            return "set WEB_SEARCH_API_KEY to a key from https://app.tavily.com"
        if status in (432, 433):
            return "the searches that the account's plan pays for are used up"
        if status == 429:
            return "too many searches at once"
        return "see https://docs.tavily.com"


WIRE = TavilyWire()
