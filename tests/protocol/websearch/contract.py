"""What every engine of the web search must do, whatever its wire.

A test class inherits `SearchContract` and says which `wire` is meant.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError
from pydantic import SecretStr

from agent.errors import EngineUnavailable
from agent.options.web_search import WebSearchOptions
from agent.websearch.probing import probe
from agent.websearch.search import WebSearch, open_search
from rejoinder.stand_ins.search_server import USUAL_PAGES, Page, SearchStandIn, SearchWire
from testbed.waiting import until
from tests.fakes.cut_proxy import CutProxy, cut_proxy

QUERY = "marmalade prices in the velvet lighthouse"
KEY = "swordfish-4711"
SECRETS = ("marmalade", "velvet", KEY)


class Bench:
    """One engine, its server, and a proxy between the two."""

    def __init__(self, server: SearchStandIn, proxy: CutProxy) -> None:
        self.server, self.proxy = server, proxy
        self._opened: list[WebSearch] = []

    def options(self, **more: Any) -> WebSearchOptions:
        given = {"web_search": self.server.wire, "url": self.proxy.url, "api_key": SecretStr(KEY)}
        return WebSearchOptions(**(given | {"timeout_s": 15.0} | more))

    async def open(self, **more: Any) -> WebSearch:
        search = await asyncio.to_thread(open_search, self.options(**more))
        self._opened.append(search)
        return search

    async def fault(self, search: WebSearch) -> APIError:
        """The error of a search, which names neither what was asked nor the key."""
        with pytest.raises(APIError) as caught:
            await search.search(QUERY)
        assert not any(word in str(caught.value) for word in SECRETS)
        return caught.value

    async def aclose(self) -> None:
        for search in self._opened:
            await search.aclose()


class SearchContract:
    """Inherited by each engine's test class."""

    wire: SearchWire

    @pytest.fixture
    async def bench(self) -> AsyncIterator[Bench]:
        async with (
            SearchStandIn(wire=self.wire, api_key=KEY).serve() as server,
            cut_proxy(server.url) as proxy,
        ):
            bench = Bench(server, proxy)
            yield bench
            await bench.aclose()

    @pytest.fixture
    async def search(self, bench: Bench) -> WebSearch:
        return await bench.open()

    async def test_results_arrive_in_order(self, bench: Bench, search: WebSearch) -> None:
        found = await search.search(QUERY)
        assert [(result.title, result.url, result.extract, result.date) for result in found] == [
            (page.title, page.url, page.extract, page.date) for page in USUAL_PAGES
        ]
        [asked] = bench.server.requests
        assert QUERY in asked.body.values()

    async def test_no_more_come_than_are_wanted(self, search: WebSearch) -> None:
        assert len(await search.search(QUERY, limit=2)) == 2

    async def test_none_found_is_no_error(self, bench: Bench, search: WebSearch) -> None:
        bench.server.pages = ()
        assert await search.search(QUERY) == []

    async def test_other_scripts_are_sent_as_they_are_and_halves_of_characters_are_not(
        self, bench: Bench, search: WebSearch
    ) -> None:
        await search.search("«Ça va ?» – 天气 🙂 \ud83d&format=html", language="zh-CN")
        assert "«Ça va ?» – 天气 🙂 &format=html" in bench.server.requests[0].body.values()

    async def test_a_very_long_query_is_cut(self, bench: Bench, search: WebSearch) -> None:
        await search.search("word " * 1000)
        assert max(len(str(value)) for value in bench.server.requests[0].body.values()) == 400

    async def test_what_no_page_can_be_linked_to_and_doubles_are_left_out(
        self, bench: Bench, search: WebSearch
    ) -> None:
        good = Page("Good", "https://good.example/", "Text.")
        bad = [Page("Bad", url, "x") for url in ("javascript:alert(1)", "", "http://[", "/etc")]
        bench.server.pages = (*bad[:2], good, good, *bad[2:])
        assert [result.title for result in await search.search(QUERY, limit=6)] == ["Good"]

    async def test_markup_and_addresses_are_taken_out(
        self, bench: Bench, search: WebSearch
    ) -> None:
        text = (
            "<b>Fish &amp; chips</b><script>alert(1)</script> for **9** [pounds](https://a.example/b"
            ") ![x](https://a.example/i.png) at https://a.example/menu?x=1 today"
        )
        bench.server.pages = (Page("The <em>menu</em>", "https://a.example/", text),)
        [result] = await search.search(QUERY)
        assert (result.title, result.extract) == ("The menu", "Fish & chips for 9 pounds at today")

    async def test_two_at_once_are_both_answered(self, search: WebSearch) -> None:
        found = await asyncio.gather(search.search(QUERY), search.search("other"))
        assert [len(results) for results in found] == [3, 3]

    @pytest.mark.parametrize("status", [429, 500, 503])
    async def test_a_refusal_says_who_and_may_pass(
        self, bench: Bench, search: WebSearch, status: int
    ) -> None:
        bench.server.how.status = status
        bench.server.how.repeats = True
        error = await bench.fault(search)
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (status, True)
        assert search.name in error.message

    async def test_a_slow_server_is_given_up(self, bench: Bench) -> None:
        bench.server.how.first_byte_s = 60.0
        search = await bench.open(timeout_s=0.3)
        assert isinstance(await bench.fault(search), APITimeoutError)
        await until(lambda: bench.server.requests[0].outcome == "cancelled")

    async def test_a_server_that_hangs_is_given_up(self, bench: Bench) -> None:
        bench.proxy.hangs = True
        assert isinstance(await bench.fault(await bench.open(timeout_s=0.3)), APITimeoutError)

    async def test_a_server_that_is_gone_is_told_and_used_again_when_it_is_back(
        self, bench: Bench, search: WebSearch
    ) -> None:
        await search.search(QUERY)
        await bench.proxy.die()
        error = await bench.fault(search)
        assert isinstance(error, APIConnectionError)
        assert error.retryable
        await bench.proxy.come_back()
        assert await search.search(QUERY)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"\xff\xfe",
            b"null",
            b"7",
            b"[]",
            b"{}",
            b'{"results": 7, "organic": {}}',
            b'{"results": null, "organic": null}',
            b"[" * 100_000,
        ],
    )
    async def test_a_malformed_answer_is_an_error(
        self, bench: Bench, search: WebSearch, body: bytes
    ) -> None:
        bench.server.body = body
        error = await bench.fault(search)
        assert isinstance(error, APIConnectionError)
        assert not error.retryable
        assert "WEB_SEARCH_URL" in error.message

    async def test_odd_entries_are_passed_over(self, bench: Bench, search: WebSearch) -> None:
        odd = [None, 7, "text", [], {}, {"url": 7, "link": 7, "title": []}]
        good = {"title": "Good", "url": "https://good.example", "link": "https://good.example"}
        body = {"results": [*odd, good], "organic": [*odd, good]}
        bench.server.body = json.dumps(body).encode()
        assert [result.title for result in await search.search(QUERY)] == ["Good"]

    async def test_a_web_page_in_place_of_json_is_told(
        self, bench: Bench, search: WebSearch
    ) -> None:
        bench.server.how.malformed = True
        assert "a web page instead of JSON" in (await bench.fault(search)).message

    async def test_a_redirect_to_another_host_is_named_and_not_followed(
        self, bench: Bench, search: WebSearch
    ) -> None:
        bench.server.onward = "http://elsewhere.example/search?key=secret"
        error = await bench.fault(search)
        assert "http://elsewhere.example/search;" in error.message
        assert len(bench.server.requests) == 1

    async def test_a_redirect_round_in_a_circle_ends(self, bench: Bench, search: WebSearch) -> None:
        bench.server.onward = "/search"
        assert "circle" in (await bench.fault(search)).message

    async def test_a_huge_body_is_not_read_to_its_end(
        self, bench: Bench, search: WebSearch
    ) -> None:
        bench.server.body = b'{"results": [], "organic": [], "x": "' + b"y" * 3_000_000 + b'"}'
        assert "longer than 1000 kB" in (await bench.fault(search)).message

    async def test_a_packed_body_is_not_unpacked(self, bench: Bench, search: WebSearch) -> None:
        await search.search(QUERY)
        assert bench.server.requests[0].headers["Accept-Encoding"] == "identity"

    async def test_cancelling_ends_the_request_at_the_server(
        self, bench: Bench, search: WebSearch
    ) -> None:
        bench.server.how.first_byte_s = 60.0
        task = asyncio.create_task(search.search(QUERY))
        await until(lambda: bench.server.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: bench.server.requests[0].outcome == "cancelled")
        bench.server.how.first_byte_s = 0.0
        assert await search.search(QUERY)

    async def test_closing_twice_is_harmless_and_then_it_refuses(
        self, bench: Bench, search: WebSearch
    ) -> None:
        await search.aclose()
        await search.aclose()
        assert isinstance(await bench.fault(search), APIConnectionError)

    async def test_the_address_of_a_search_is_taken_for_the_server_s(self, bench: Bench) -> None:
        assert await (await bench.open(url=f"{bench.proxy.url}/search/")).search(QUERY)

    async def test_no_log_holds_what_is_asked_found_or_the_key(
        self, bench: Bench, search: WebSearch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        await search.search(QUERY)
        bench.server.how.status = 500
        await bench.fault(search)
        for word in (*SECRETS, "Alexandria"):
            assert word not in caplog.text, word

    async def test_the_probe_says_what_works_and_what_to_do(self, bench: Bench) -> None:
        said = await probe(bench.options())
        assert "3 results after " in said
        assert bench.proxy.url.removeprefix("http://") in said
        bench.server.pages = ()
        with pytest.raises(EngineUnavailable, match="finds nothing"):
            await probe(bench.options())
        await bench.proxy.die()
        with pytest.raises(EngineUnavailable, match="is not reached"):
            await probe(bench.options())


class KeyContract(SearchContract):
    """For engines that ask for a key."""

    refused: tuple[int, str]
    """Status and remedy of a wrong key."""
    spent: tuple[int, str]
    """The same of an account without credit."""

    async def test_a_wrong_key_is_told_with_the_place_to_get_one(self, bench: Bench) -> None:
        bench.server.api_key = "another"
        error = await bench.fault(await bench.open())
        status, remedy = self.refused
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (status, False)
        assert "WEB_SEARCH_API_KEY" in error.message
        assert remedy in error.message

    async def test_an_account_without_credit_is_told(self, bench: Bench) -> None:
        bench.server.credit = False
        error = await bench.fault(await bench.open())
        status, remedy = self.spent
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (status, False)
        assert remedy in error.message
