"""The engine `gradio` against SeamlessM4T's page in both generations of Gradio."""

from collections.abc import AsyncIterator

import pytest
from livekit.agents import APIConnectionError

from agent.errors import EngineUnavailable
from agent.translate.gradio import engine as gradio
from agent.translate.gradio.options import Options
from agent.translate.translator import Wish
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.fakes.gradio_process import GradioProcess
from tests.protocol.translate.contract import PATIENT_S, Bench, TranslationContract

pytestmark = [
    pytest.mark.timeout(60),
    # gradio_client does it, with Gradio 4.5's protocol only.
    pytest.mark.filterwarnings("ignore:Setting per-request cookies:DeprecationWarning"),
]


class GradioBench(Bench):
    def __init__(self, server: GradioProcess, proxy: CutProxy) -> None:
        self.server, self.proxy = server, proxy
        self.engine = gradio.build(Options(url=proxy.url))
        self.cancels = True

    def answer(self, text: str) -> None:
        self.server.script(text=text)

    def slow_down(self, seconds: float) -> None:
        self.server.script(delay_s=seconds)

    def refuse(self, status: int) -> None:
        self.server.script(error=f"stand-in fault {status}")

    def malform(self) -> None:
        self.server.script(text=None)

    def requests(self) -> list[str]:
        return [call["args"][0] for call in self.server.calls()]

    def outcome(self) -> str:
        return "cancelled" if self.server.calls("cancelled") else "open"


@pytest.fixture
async def bench(gradio6: GradioProcess) -> AsyncIterator[GradioBench]:
    gradio6.settle()
    async with cut_proxy(gradio6.open) as proxy:
        bench = GradioBench(gradio6, proxy)
        yield bench
        await bench.engine.aclose()
    gradio6.script()


class TestContract(TranslationContract):
    async def test_languages_are_sent_by_the_demos_names(self, bench: GradioBench) -> None:
        wish = Wish("你好。", "zh-Hans", "en")
        await bench.engine.translate(wish, timeout_s=PATIENT_S)
        assert bench.server.calls()[0]["args"] == ["你好。", "Mandarin Chinese", "English"]

    async def test_a_language_that_it_does_not_know_is_told(self, bench: GradioBench) -> None:
        with pytest.raises(APIConnectionError, match="tlh"):
            await bench.engine.translate(Wish("Hi.", "en", "tlh"), timeout_s=PATIENT_S)


class TestGradio45:
    async def test_a_text_is_translated(self, gradio45: GradioProcess) -> None:
        gradio45.settle()
        gradio45.script(text="Bom dia.")
        engine = gradio.build(Options(url=gradio45.open))
        try:
            text = await engine.translate(Wish("Good morning.", "en", "pt"), timeout_s=PATIENT_S)
        finally:
            await engine.aclose()
        assert text == "Bom dia."
        assert gradio45.calls()[0]["args"] == ["Good morning.", "English", "Portuguese"]


class TestProbe:
    async def test_it_says_what_works(self, bench: GradioBench) -> None:
        assert "/t2tt" in await gradio.probe(Options(url=bench.proxy.url))

    async def test_a_server_that_is_not_there_is_told(self, bench: GradioBench) -> None:
        await bench.proxy.die()
        with pytest.raises(EngineUnavailable, match="TRANSLATE_URL"):
            await gradio.probe(Options(url=bench.proxy.url))
