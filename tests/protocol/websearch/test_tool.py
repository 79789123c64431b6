"""The tool `search_web`, its settings, `rejoinder check` and the stand-in that people start."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from livekit.agents import llm
from pydantic import SecretStr

from agent.errors import ConfigError
from agent.options.web_search import ENGINES, WebSearchOptions
from agent.remote.public_address import public_client
from agent.settings.load import load
from agent.websearch.pages import PageReader, open_pages
from agent.websearch.search import WebSearch, open_search
from agent.websearch.telling import NOTHING
from agent.websearch.tool import EMPTY, FAILED, SLOW, search_tool
from rejoinder.commands.check import examine
from rejoinder.stand_ins.offers import OFFERS, Wanted
from rejoinder.stand_ins.search_server import USUAL_PAGES, WIRES, Page, SearchStandIn

KEY = "swordfish-4711"


@pytest.fixture
async def server() -> AsyncIterator[SearchStandIn]:
    async with SearchStandIn(wire="tavily", api_key=KEY).serve() as server:
        yield server


@pytest.fixture
def options(server: SearchStandIn) -> WebSearchOptions:
    return WebSearchOptions(web_search="tavily", url=server.url, api_key=SecretStr(KEY))


@pytest.fixture
async def search(options: WebSearchOptions) -> AsyncIterator[WebSearch]:
    search = await asyncio.to_thread(open_search, options)
    yield search
    await search.aclose()


async def call(tool: llm.FunctionTool[..., Any], query: str = "the velvet lighthouse") -> str:
    return str(await tool(query=query))


async def test_the_model_is_given_what_was_found_and_the_page_its_sources(
    search: WebSearch, options: WebSearchOptions, server: SearchStandIn
) -> None:
    shown: list[list[dict[str, str]]] = []
    tool = search_tool(search, options, language="en", on_sources=shown.append)
    text = await call(tool)
    assert [line[:3] for line in text.splitlines()[1:-1]] == ["[1]", "[2]", "[3]"]
    assert "(museum.example, 2026-03-01)" in text
    assert [card["url"] for card in shown[0]] == [page.url for page in USUAL_PAGES]
    assert server.requests[0].body["max_results"] == options.results


async def test_nothing_found_is_told_and_shown_nowhere(
    search: WebSearch, options: WebSearchOptions, server: SearchStandIn
) -> None:
    server.pages = ()
    shown: list[list[dict[str, str]]] = []
    assert await call(search_tool(search, options, on_sources=shown.append)) == NOTHING
    assert not shown


def test_the_tool_s_description_is_for_models(
    options: WebSearchOptions,
) -> None:
    search = open_search(options)
    tool = search_tool(search, options)
    [schema] = llm.ToolContext([tool]).parse_function_tools("openai")
    function = schema["function"]
    assert function["name"] == "search_web"
    assert "never read a URL aloud" in function["description"]
    assert "name its source in words" in " ".join(function["description"].split())
    [(name, query)] = function["parameters"]["properties"].items()
    assert (name, query["type"]) == ("query", "string")
    assert "language of the caller" in " ".join(query["description"].split())


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_a_search_that_fails_is_a_sentence_to_say_and_a_line_without_words(
    search: WebSearch,
    options: WebSearchOptions,
    server: SearchStandIn,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.how.status, server.how.repeats = status, True
    with pytest.raises(llm.ToolError) as caught:
        await call(search_tool(search, options))
    assert caught.value.message == FAILED
    [line] = [record for record in caplog.records if record.name == "agent.websearch.tool"]
    assert (line.levelname, line.__dict__["status"]) == ("WARNING", status)
    for word in ("velvet", "lighthouse", KEY):
        assert word not in caplog.text


async def test_a_search_that_takes_too_long_is_another_sentence(
    options: WebSearchOptions, server: SearchStandIn
) -> None:
    server.how.first_byte_s = 60.0
    hasty = options.model_copy(update={"timeout_s": 0.2})
    search = await asyncio.to_thread(open_search, hasty)
    with pytest.raises(llm.ToolError) as caught:
        await call(search_tool(search, hasty))
    assert caught.value.message == SLOW
    await search.aclose()


async def test_an_empty_query_is_asked_of_nobody(
    search: WebSearch, options: WebSearchOptions, server: SearchStandIn
) -> None:
    with pytest.raises(llm.ToolError) as caught:
        await call(search_tool(search, options), " \n")
    assert caught.value.message == EMPTY
    assert not server.requests


class TestPages:
    @pytest.fixture
    async def pages(self, options: WebSearchOptions) -> PageReader:
        trust = await asyncio.to_thread(httpx.create_ssl_context)
        return PageReader(options, lambda: public_client(trust, permits=lambda address: True))

    async def test_the_first_page_is_read_when_that_is_wanted(
        self,
        search: WebSearch,
        options: WebSearchOptions,
        server: SearchStandIn,
        pages: PageReader,
    ) -> None:
        # The stand-in's own refusal is a page; of the engine's wires this one answers GET with it.
        async with SearchStandIn(wire="searxng").serve() as site:
            site.how.malformed = True
            server.pages = (Page("Here", f"{site.url}/search?q=x", "Extract."), *USUAL_PAGES)
            text = await call(search_tool(search, options, pages=pages))
        assert '"Extract. … not the protocol"' in text

    async def test_a_page_that_cannot_be_read_leaves_its_extract(
        self,
        search: WebSearch,
        options: WebSearchOptions,
        server: SearchStandIn,
        pages: PageReader,
    ) -> None:
        server.pages = (Page("Gone", "http://127.0.0.1:9/", "Extract."),)
        assert '"Extract."' in await call(search_tool(search, options, pages=pages))

    async def test_a_result_that_is_near_is_not_read(
        self, search: WebSearch, options: WebSearchOptions, server: SearchStandIn
    ) -> None:
        reading = options.model_copy(update={"read_pages": True})
        pages = await asyncio.to_thread(open_pages, reading)
        asked = len(server.requests)
        server.pages = (Page("Near", f"{server.url}/search", "Extract."),)
        assert '"Extract."' in await call(search_tool(search, reading, pages=pages))
        assert len(server.requests) == asked + 1, "the search itself"

    def test_no_page_is_read_unless_that_is_wanted(self, options: WebSearchOptions) -> None:
        assert open_pages(options) is None


def settings(tmp_path: Path, **lines: str) -> WebSearchOptions:
    no_file = tmp_path / "none.env"
    no_file.touch()
    return load(environ=lines, env_file=no_file).web_search


class TestSettings:
    def test_it_is_off(self, tmp_path: Path) -> None:
        assert not settings(tmp_path).on

    @pytest.mark.parametrize(
        ("lines", "mistake"),
        [
            ({"WEB_SEARCH": "bing"}, "WEB_SEARCH='bing': should be off, searxng or serper or"),
            ({"WEB_SEARCH": "searxng"}, "WEB_SEARCH_URL: must be set"),
            (
                {"WEB_SEARCH": "serper"},
                "WEB_SEARCH_API_KEY: must be set: a key from https://serper",
            ),
            ({"WEB_SEARCH": "tavily"}, "WEB_SEARCH_API_KEY: must be set: a key from https://app.t"),
            ({"WEB_SEARCH": "searxng", "WEB_SEARCH_URL": "here"}, "WEB_SEARCH_URL='here'"),
            ({"WEB_SEARCH_RESULT": "3"}, "did you mean WEB_SEARCH_RESULTS?"),
            ({"WEB_SEARCH": "serper", "WEB_SEARCH_API_KEY": "sword fish"}, "has a space"),
        ],
    )
    def test_a_mistake_says_what_to_do(
        self, tmp_path: Path, lines: dict[str, str], mistake: str
    ) -> None:
        with pytest.raises(ConfigError) as caught:
            settings(tmp_path, **lines)
        assert mistake in str(caught.value)
        assert "sword fish" not in str(caught.value)

    @pytest.mark.parametrize("name", ENGINES)
    def test_each_engine_has_an_address_or_is_given_one(self, name: str, tmp_path: Path) -> None:
        lines = {"WEB_SEARCH": name, "WEB_SEARCH_API_KEY": KEY}
        if not ENGINES[name].url:
            lines["WEB_SEARCH_URL"] = "http://10.0.0.7:8080"
        chosen = settings(tmp_path, **lines)
        assert chosen.address == (ENGINES[name].url or "http://10.0.0.7:8080")
        assert open_search(chosen).provider
        assert KEY not in repr(chosen)

    def test_behind_an_address_of_one_s_own_no_key_is_asked_for(self, tmp_path: Path) -> None:
        lines = {"WEB_SEARCH": "serper", "WEB_SEARCH_URL": "http://proxy.example"}
        assert settings(tmp_path, **lines).api_key is None


@pytest.mark.parametrize("way", WIRES)
async def test_the_stand_in_s_lines_are_all_that_the_check_needs(way: str, tmp_path: Path) -> None:
    offer, wanted = OFFERS["web-search"], Wanted(way, tmp_path)
    async with offer.make(wanted).serve() as server:
        pairs = (line.split("=", 1) for line in offer.settings(server.url, wanted))
        no_file = tmp_path / "none.env"
        no_file.touch()
        loaded = await asyncio.to_thread(load, environ=dict(pairs), env_file=no_file)
        [finding] = [f for f in await examine(loaded) if f.what.startswith("WEB_SEARCH")]
        assert finding.what == f"WEB_SEARCH {way}"
        assert finding.works, finding.text
        assert "3 results" in finding.text
        for fault, switch in offer.faults.items():
            if fault.isdecimal():
                switch(server)
        [finding] = [f for f in await examine(loaded) if f.what.startswith("WEB_SEARCH")]
        assert not finding.works
