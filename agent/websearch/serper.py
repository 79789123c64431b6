"""Engine `serper`: Google's results by serper.dev.

Source: https://serper.dev/playground; https://schemas.apis.io/schemas/serper/serper-search-response/;
refusals as its users report them: 403 "Unauthorized.", 400 "Not enough credits"
(https://github.com/crewAIInc/crewAI/issues/633).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from agent.websearch.result import WebResult
from agent.websearch.wire import Wish, items, text

_WORLD = "https://www.google.com/"
"""What a box is linked to that names no page."""


class SerperWire:
    """POST /search with the key in a header of its own."""

    name = "Serper"

    def headers(self, key: str) -> Mapping[str, str]:
        """The key; none where a proxy adds it."""
        return {"X-API-KEY": key} if key else {}

    def request(self, client: httpx.AsyncClient, wish: Wish) -> httpx.Request:
        """A search; of a tag such as pt-BR the region says in which country."""
        asked: dict[str, Any] = {"q": wish.query, "num": wish.limit}
        if wish.language:
            asked["hl"] = wish.language.lower()
            region = wish.language.rpartition("-")[2]
            if len(region) == 2 and region != wish.language:
                asked["gl"] = region.lower()
        return client.build_request("POST", "search", json=asked)

    def results(self, body: Mapping[str, Any]) -> Iterator[WebResult]:
        """Google's own answer first, then what it knows of a thing by name, then pages."""
        found = items(body, "organic")
        if box := body.get("answerBox"):
            yield WebResult(
                text(box, "title") or "Google",
                text(box, "link") or _WORLD,
                " ".join(filter(None, (text(box, "answer"), text(box, "snippet")))),
                text(box, "date"),
            )
        if graph := body.get("knowledgeGraph"):
            yield WebResult(
                text(graph, "title"),
                text(graph, "descriptionLink", "website") or _WORLD,
                ". ".join(filter(None, (text(graph, "type"), text(graph, "description")))),
            )
        for item in found:
            yield WebResult(
                text(item, "title"), text(item, "link"), text(item, "snippet"), text(item, "date")
            )

    def remedy(self, status: int, said: str) -> str:
        """A key without credit is refused as a bad request."""
        if status in (401, 403):
            return "set WEB_SEARCH_API_KEY to a key from https://serper.dev"
        if status == 402 or (status == 400 and "credit" in said.lower()):
            return "the account of the key has no credit left"
        if status == 429:
            return "too many searches at once"
        return "see https://serper.dev"


WIRE = SerperWire()
