"""Engine `searxng`: a SearXNG of one's own, which asks other search engines.

The query is posted, which SearXNG takes as well as GET: what people ask then stands in no address,
and so in no access log.

Source: https://docs.searxng.org/dev/search_api.html (parameters; 403 for a format that is not in
settings.yml); searxng/searxng, searx/webutils.py and searx/result_types (the JSON),
searx/botdetection (429).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from agent.websearch.result import WebResult
from agent.websearch.wire import Unanswered, Wish, items, text


class SearxngWire:
    """POST /search; how many results come is SearXNG's choice."""

    name = "SearXNG"

    def headers(self, key: str) -> Mapping[str, str]:
        """A key is for a proxy before it."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def request(self, client: httpx.AsyncClient, wish: Wish) -> httpx.Request:
        """A search in the category `general`."""
        asked = {"q": wish.query, "format": "json", "safesearch": "1"}
        if wish.language:
            asked["language"] = wish.language
        return client.build_request("POST", "search", data=asked)

    def results(self, body: Mapping[str, Any]) -> Iterator[WebResult]:
        """The box beside the results first: an article on what was asked for."""
        found = items(body, "results")
        boxes = body.get("infoboxes") or []
        silent = [str(line[0]) for line in body.get("unresponsive_engines") or [] if line]
        if not found and not boxes and silent:
            raise Unanswered(f"none of its engines has answered ({', '.join(silent)[:200]})")
        for box in boxes:
            yield WebResult(text(box, "infobox"), text(box, "id"), text(box, "content"))
        for item in found:
            yield WebResult(
                text(item, "title"),
                text(item, "url"),
                text(item, "content"),
                text(item, "publishedDate")[:10],
            )

    def remedy(self, status: int, said: str) -> str:
        """What is usual with an instance of one's own."""
        if status == 403:
            return "let its settings.yml have `search: formats: [html, json]`, and start it again"
        if status == 429:
            return (
                "its limiter takes this worker for a bot; set `limiter: false` in its "
                "settings.yml, or name this machine in its limiter.toml under `pass_ip`"
            )
        if status == 404:
            return "set WEB_SEARCH_URL to its address without /search"
        return "see its log"


WIRE = SearxngWire()
