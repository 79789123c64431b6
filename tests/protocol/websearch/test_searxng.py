"""The engine `searxng` against a server of its wire."""

from agent.websearch.search import WebSearch
from tests.protocol.websearch.contract import QUERY, Bench, SearchContract


class TestSearxng(SearchContract):
    wire = "searxng"

    async def test_the_query_stands_in_no_address(self, bench: Bench, search: WebSearch) -> None:
        await search.search(QUERY, language="pt-BR")
        [asked] = bench.server.requests
        assert asked.method == "POST"
        assert asked.body == {
            "q": QUERY, "format": "json", "language": "pt-BR", "safesearch": "1"
        }  # fmt: skip

    async def test_a_user_in_the_address_is_for_a_proxy_before_it(self, bench: Bench) -> None:
        url = bench.proxy.url.replace("http://", "http://me:word@") + "/search"
        search = await bench.open(url=url, api_key=None)
        await search.search(QUERY)
        assert bench.server.requests[0].headers["Authorization"] == "Basic bWU6d29yZA=="
        assert "word" not in search.provider

    async def test_json_that_is_not_switched_on_is_told(
        self, bench: Bench, search: WebSearch
    ) -> None:
        bench.server.formats = ("html",)
        assert "formats: [html, json]" in (await bench.fault(search)).message

    async def test_its_limiter_is_told(self, bench: Bench, search: WebSearch) -> None:
        bench.server.how.status = 429
        assert "limiter: false" in (await bench.fault(search)).message

    async def test_nothing_found_as_nobody_behind_it_answers_is_an_error(
        self, bench: Bench, search: WebSearch
    ) -> None:
        bench.server.silent = ("google", "bing")
        assert await search.search(QUERY), "others have answered"
        bench.server.pages = ()
        error = await bench.fault(search)
        assert "google, bing" in error.message
        assert error.retryable

    async def test_the_article_beside_the_results_comes_first(
        self, bench: Bench, search: WebSearch
    ) -> None:
        box = {"infobox": "Pharos", "id": "https://wiki.example/Pharos", "content": "An island."}
        bench.server.more = {"infoboxes": [box]}
        first, *rest = await search.search(QUERY)
        assert (first.title, first.url, first.extract) == tuple(box.values())
        assert len(rest) == 3
