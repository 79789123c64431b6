"""The engine `serper` against a server of its wire."""

import pytest

from agent.websearch.search import WebSearch
from tests.protocol.websearch.contract import KEY, QUERY, Bench, KeyContract


class TestSerper(KeyContract):
    wire = "serper"
    refused = (403, "https://serper.dev")
    spent = (400, "no credit left")

    @pytest.mark.parametrize(
        ("language", "sent"),
        [
            ("", {}),
            ("fr", {"hl": "fr"}),
            ("pt-BR", {"hl": "pt-br", "gl": "br"}),
            ("zh-Hant", {"hl": "zh-hant"}),
        ],
    )
    async def test_the_language_says_in_which_country(
        self, bench: Bench, search: WebSearch, language: str, sent: dict[str, str]
    ) -> None:
        await search.search(QUERY, language=language, limit=3)
        [asked] = bench.server.requests
        assert asked.body == {"q": QUERY, "num": 3, **sent}
        assert {name.lower(): value for name, value in asked.headers.items()}["x-api-key"] == KEY

    async def test_google_s_own_answers_come_first(self, bench: Bench, search: WebSearch) -> None:
        bench.server.more = {
            "answerBox": {"title": "Height", "answer": "100 m", "link": "https://a.example/h"},
            "knowledgeGraph": {
                "title": "Pharos", "type": "Tower", "description": "It shone.",
                "descriptionLink": "https://b.example/p",
            },
        }  # fmt: skip
        found = await search.search(QUERY)
        assert [(result.title, result.extract, result.url) for result in found[:2]] == [
            ("Height", "100 m", "https://a.example/h"),
            ("Pharos", "Tower. It shone.", "https://b.example/p"),
        ]
        assert len(found) == 4

    async def test_an_answer_without_a_page_is_google_s(
        self, bench: Bench, search: WebSearch
    ) -> None:
        bench.server.more = {"answerBox": {"answer": "42 euros"}}
        first, *_ = await search.search(QUERY)
        assert (first.title, first.extract, first.site) == ("Google", "42 euros", "google.com")

    async def test_another_bad_request_is_no_matter_of_credit(
        self, bench: Bench, search: WebSearch
    ) -> None:
        bench.server.how.status = 400
        assert "credit" not in (await bench.fault(search)).message
