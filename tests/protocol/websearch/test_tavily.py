"""The engine `tavily` against a server of its wire."""

from agent.websearch.search import WebSearch
from tests.protocol.websearch.contract import KEY, QUERY, Bench, KeyContract


class TestTavily(KeyContract):
    wire = "tavily"
    refused = (401, "https://app.tavily.com")
    spent = (432, "used up")

    async def test_passages_are_asked_for_and_no_answer(
        self, bench: Bench, search: WebSearch
    ) -> None:
        await search.search(QUERY, language="fr", limit=3)
        [asked] = bench.server.requests
        assert asked.body == {
            "query": QUERY, "max_results": 3, "search_depth": "basic", "include_answer": False
        }  # fmt: skip
        assert asked.headers["Authorization"] == f"Bearer {KEY}"
