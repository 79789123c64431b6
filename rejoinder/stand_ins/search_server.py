"""Engines of the web search without the web: SearXNG, Serper and Tavily by their wires.

Source: as in agent/websearch/searxng.py, serper.py and tavily.py.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from aiohttp import web

from rejoinder.stand_ins.answering import Behaviour, Outcome, answering, refusal
from rejoinder.stand_ins.kept import Kept
from rejoinder.stand_ins.serving import Tell, listening, nobody

SearchWire = Literal["searxng", "serper", "tavily"]
WIRES: tuple[SearchWire, ...] = get_args(SearchWire)


@dataclass(frozen=True, slots=True)
class Page:
    """One page that can be found."""

    title: str
    url: str
    extract: str
    date: str = ""


USUAL_PAGES = (
    Page(
        "Lighthouse of Alexandria",
        "https://encyclopedia.example/lighthouse-of-alexandria",
        "The lighthouse was about 100 metres tall and stood until the fourteenth century.",
    ),
    Page(
        "Opening hours of the lighthouse museum",
        "https://museum.example/visit",
        "Open from Tuesday to Sunday, ten to six. Closed on Mondays.",
        "2026-03-01",
    ),
    Page(
        "Harbour news: the lamp is lit again",
        "https://news.example/2026/lamp",
        "After two years of works the lamp of the old lighthouse is lit again.",
        "2026-10-17",
    ),
)


@dataclass
class Search:
    """One request as the server saw it. Times are `time.perf_counter()` seconds."""

    body: dict[str, Any]
    began: float
    method: str
    headers: dict[str, str]
    first_byte: float | None = None
    ended: float | None = None
    chunks: int = 0
    outcome: Outcome = "open"


@dataclass
class SearchStandIn:
    """Set the fields before or between searches."""

    wire: SearchWire = "searxng"
    pages: Sequence[Page] = USUAL_PAGES
    """What is found, whatever was asked for."""
    api_key: str | None = None
    """Serper and Tavily: when set, other keys are refused as these do it."""
    formats: Sequence[str] = ("html", "json")
    """SearXNG: what its settings.yml allows; 403 for others."""
    silent: Sequence[str] = ()
    """SearXNG: engines behind it that have not answered."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Fields that the answer has besides, in the wire's own words."""
    body: bytes | None = None
    """Sent in place of an answer, as JSON."""
    onward: str = ""
    """Where every search is sent on to, with 307."""
    credit: bool = True
    """Serper and Tavily: whether the account has any."""
    how: Behaviour = field(default_factory=Behaviour)
    requests: list[Search] = field(default_factory=Kept)
    tell: Tell = nobody
    """Takes a line on each request."""
    url: str = ""

    @asynccontextmanager
    async def serve(self, *, port: int = 0) -> AsyncIterator["SearchStandIn"]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        app = web.Application()
        app.router.add_post("/search", self._search)
        if self.wire == "searxng":
            app.router.add_get("/search", self._search)
        async with listening(app, port=port, tell=self.tell) as at:
            self.url = f"http://{at.address}"
            yield self

    async def _search(self, request: web.Request) -> web.Response:
        asked = dict(request.query) | (
            dict(await request.post()) if self.wire == "searxng" else await request.json()
        )
        record = Search(asked, time.perf_counter(), request.method, dict(request.headers))
        self.requests.append(record)
        async with answering(record, self.how):
            if refused := refusal(record, self.how, self._fault) or self._refused(record):
                record.outcome = "refused"
                return refused
            record.first_byte = time.perf_counter()
            if self.onward:
                return web.Response(status=307, headers={"Location": self.onward})
            if self.body is not None:
                return web.Response(body=self.body, content_type="application/json")
            return web.json_response({**_ANSWERS[self.wire](self, asked), **self.more})

    def _refused(self, record: Search) -> web.Response | None:
        headers, asked = record.headers, record.body
        if self.wire == "searxng":
            wanted = asked.get("format", "html")
            return None if wanted in self.formats else self._fault(403, "Forbidden")
        if self.wire == "serper":
            if self.api_key not in (None, headers.get("X-API-KEY", headers.get("X-Api-Key"))):
                return self._fault(403, "Unauthorized.")
            return None if self.credit else self._fault(400, "Not enough credits")
        if self.api_key is not None and headers.get("Authorization") != f"Bearer {self.api_key}":
            return self._fault(401, "Unauthorized: missing or invalid API key.")
        return None if self.credit else self._fault(432, "This request exceeds your plan's limit.")

    def _fault(self, status: int, said: str) -> web.Response:
        if self.wire == "searxng":
            page = f"<!doctype html><title>{status}</title><h1>{said}</h1>"
            return web.Response(status=status, text=page, content_type="text/html")
        if self.wire == "serper":
            return web.json_response({"message": said, "statusCode": status}, status=status)
        return web.json_response({"detail": {"error": said}}, status=status)


def _searxng(server: SearchStandIn, asked: Mapping[str, Any]) -> dict[str, Any]:
    results = [
        {
            "url": page.url,
            "title": page.title,
            "content": page.extract,
            "publishedDate": f"{page.date}T00:00:00" if page.date else None,
            "engine": "stand-in",
            "score": 1.0,
            "category": "general",
        }
        for page in server.pages
    ]
    return {
        "query": asked.get("q"),
        "number_of_results": 0,
        "results": results,
        "answers": [],
        "corrections": [],
        "infoboxes": [],
        "suggestions": [],
        "unresponsive_engines": [[name, "timeout"] for name in server.silent],
    }


def _serper(server: SearchStandIn, asked: Mapping[str, Any]) -> dict[str, Any]:
    organic = [
        {"title": page.title, "link": page.url, "snippet": page.extract, "position": at + 1}
        | ({"date": page.date} if page.date else {})
        for at, page in enumerate(server.pages[: asked.get("num", 10)])
    ]
    parameters = {"q": asked.get("q"), "type": "search", "engine": "google"}
    return {"searchParameters": parameters, "organic": organic, "credits": 1}


def _tavily(server: SearchStandIn, asked: Mapping[str, Any]) -> dict[str, Any]:
    results = [
        {"title": page.title, "url": page.url, "content": page.extract, "score": 0.9}
        | ({"published_date": page.date} if page.date else {})
        for page in server.pages[: asked.get("max_results", 5)]
    ]
    return {
        "query": asked.get("query"),
        "answer": None,
        "images": [],
        "results": results,
        "response_time": 0.1,
    }


_ANSWERS: Mapping[SearchWire, Callable[[SearchStandIn, Mapping[str, Any]], dict[str, Any]]] = {
    "searxng": _searxng,
    "serper": _serper,
    "tavily": _tavily,
}
