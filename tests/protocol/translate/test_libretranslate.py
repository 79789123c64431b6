"""The engine `libretranslate` against a server of its wire."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import APIStatusError
from pydantic import SecretStr

from agent.errors import EngineUnavailable
from agent.translate.libretranslate import engine as libretranslate
from agent.translate.libretranslate.options import Options
from agent.translate.translator import Wish
from rejoinder.stand_ins.libretranslate_server import LibreTranslateStandIn
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.protocol.translate.contract import PATIENT_S, Bench, TranslationContract


class LibreTranslateBench(Bench):
    engine: libretranslate.LibreTranslator

    def __init__(self, server: LibreTranslateStandIn, proxy: CutProxy) -> None:
        self.server, self.proxy = server, proxy
        self.engine = self.build()

    def build(self, **options: Any) -> libretranslate.LibreTranslator:
        return libretranslate.build(Options(url=self.proxy.url, **options))

    def answer(self, text: str) -> None:
        self.server.translate = lambda q, source, target: text

    def slow_down(self, seconds: float) -> None:
        self.server.how.first_byte_s = seconds

    def refuse(self, status: int) -> None:
        self.server.how.status = status

    def malform(self) -> None:
        self.server.how.malformed = True

    def requests(self) -> list[str]:
        return [request.body["q"] for request in self.server.requests]

    def outcome(self) -> str:
        return self.server.requests[-1].outcome


@pytest.fixture
async def bench() -> AsyncIterator[LibreTranslateBench]:
    async with LibreTranslateStandIn().serve() as server, cut_proxy(server.url) as proxy:
        bench = LibreTranslateBench(server, proxy)
        yield bench
        await bench.engine.aclose()


class TestContract(TranslationContract):
    pass


class TestWire:
    async def test_languages_are_sent_as_tags(self, bench: LibreTranslateBench) -> None:
        wish = Wish("Olá.", "pt-BR", "zh")
        assert await bench.engine.translate(wish, timeout_s=PATIENT_S) == "[zh] Olá."
        body = bench.server.requests[0].body
        assert (body["source"], body["target"], body["format"]) == ("pt-BR", "zh", "text")

    async def test_a_key_goes_both_ways(self, bench: LibreTranslateBench) -> None:
        bench.server.api_key = "open sesame"
        engine = bench.build(api_key=SecretStr("open sesame"))
        assert await engine.translate(Wish("Hi.", "en", "pt"), timeout_s=PATIENT_S)
        assert bench.server.requests[0].headers["Authorization"] == "Bearer open sesame"
        await engine.aclose()

    async def test_a_language_that_it_does_not_know_is_told(
        self, bench: LibreTranslateBench
    ) -> None:
        with pytest.raises(APIStatusError) as caught:
            await bench.engine.translate(Wish("Hi.", "en", "tlh"), timeout_s=PATIENT_S)
        assert (caught.value.status_code, caught.value.retryable) == (400, False)


class TestProbe:
    async def test_it_says_what_works(self, bench: LibreTranslateBench) -> None:
        said = await libretranslate.probe(Options(url=bench.proxy.url))
        assert "5 languages" in said

    async def test_it_says_what_to_do(self, bench: LibreTranslateBench) -> None:
        bench.server.languages = ()
        with pytest.raises(EngineUnavailable, match="knows no pair of languages"):
            await libretranslate.probe(Options(url=bench.proxy.url))
        await bench.proxy.die()
        with pytest.raises(EngineUnavailable, match="model_servers.translate"):
            await libretranslate.probe(Options(url=bench.proxy.url))
