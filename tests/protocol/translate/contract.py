"""What every translation engine must do, whatever its wire.

A test class inherits `TranslationContract` and gives a `bench` fixture.
"""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from agent.costs.meter import Meter, Place
from agent.translate.metered import MeteredTranslator
from agent.translate.translator import Translator, Wish
from testbed.waiting import until
from tests.fakes.cut_proxy import CutProxy

PATIENT_S = 15.0
SAID = "Good morning, everybody."
HEARD = "Bom dia a todos."


class Bench(ABC):
    """One engine whose server is reached through `proxy`, and what that server does."""

    engine: Translator
    proxy: CutProxy

    @abstractmethod
    def answer(self, text: str) -> None:
        """From now on this is the translation of everything."""

    @abstractmethod
    def slow_down(self, seconds: float) -> None:
        """From now on an answer takes so long."""

    @abstractmethod
    def refuse(self, status: int) -> None:
        """From now on the server refuses with a status, or its wire's nearest to it."""

    @abstractmethod
    def malform(self) -> None:
        """From now on answers are something else than translations."""

    @abstractmethod
    def requests(self) -> list[str]:
        """Texts that reached the model, oldest first."""

    @abstractmethod
    def outcome(self) -> str:
        """What became of the last request: open, completed or cancelled."""

    async def translate(self, text: str = SAID, *, timeout_s: float = PATIENT_S) -> str:
        """Ask for Portuguese."""
        return await self.engine.translate(Wish(text, "en", "pt"), timeout_s=timeout_s)

    async def fault(self, *, timeout_s: float = PATIENT_S) -> APIError:
        """The error of a translation."""
        with pytest.raises(APIError) as caught:
            await self.translate(timeout_s=timeout_s)
        return caught.value

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true."""
        await until(condition)


class TranslationContract:
    """Inherited by each engine's test class."""

    async def test_a_text_is_translated(self, bench: Bench) -> None:
        bench.answer(f" {HEARD}\n")
        assert await bench.translate() == HEARD
        assert bench.requests() == [SAID]

    async def test_a_very_long_text_is_translated_whole(self, bench: Bench) -> None:
        long = "word " * 1000 + "end"
        assert await bench.translate(long)
        assert bench.requests() == [long]

    async def test_other_scripts_are_sent_as_they_are(self, bench: Bench) -> None:
        bench.answer("今天天气很好。")
        assert await bench.translate("«Ça va ?» – 好的 🙂") == "今天天气很好。"
        assert bench.requests() == ["«Ça va ?» – 好的 🙂"]

    async def test_ten_at_once_are_all_answered(self, bench: Bench) -> None:
        texts = [f"number {n}" for n in range(10)]
        answers = await asyncio.gather(*(bench.translate(text) for text in texts))
        assert len(answers) == 10
        assert sorted(bench.requests()) == sorted(texts)

    async def test_a_slow_answer_is_given_up_in_time(self, bench: Bench) -> None:
        bench.slow_down(5.0)
        began = time.perf_counter()
        assert isinstance(await bench.fault(timeout_s=0.5), APITimeoutError)
        assert time.perf_counter() - began < 4.0
        await bench.until(lambda: bench.outcome() == "cancelled")

    async def test_cancelling_ends_the_work_at_the_server(self, bench: Bench) -> None:
        bench.slow_down(60.0)
        task = asyncio.create_task(bench.translate())
        await bench.until(lambda: bool(bench.requests()))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await bench.until(lambda: bench.outcome() == "cancelled")

    @pytest.mark.parametrize("status", [401, 429, 500])
    async def test_a_refusal_is_an_error_that_names_no_word(
        self, bench: Bench, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        bench.refuse(status)
        error = await bench.fault()
        assert "morning" not in str(error)
        assert "morning" not in caplog.text
        if isinstance(error, APIStatusError) and error.status_code == status:
            assert error.retryable == (status != 401)

    async def test_what_is_not_the_protocol_is_an_error(self, bench: Bench) -> None:
        bench.malform()
        assert isinstance(await bench.fault(), APIError)

    async def test_a_server_that_is_not_there_is_told(self, bench: Bench) -> None:
        await bench.proxy.die()
        error = await bench.fault()
        assert isinstance(error, APIConnectionError | APIStatusError)
        assert "morning" not in str(error)

    async def test_a_server_that_comes_back_is_used_again(self, bench: Bench) -> None:
        await bench.translate()
        await bench.proxy.die()
        await bench.proxy.come_back()
        bench.answer(HEARD)
        assert await bench.translate() == HEARD

    async def test_closing_twice_is_harmless_and_then_it_refuses(self, bench: Bench) -> None:
        await bench.translate()
        await bench.engine.aclose()
        await bench.engine.aclose()
        assert isinstance(await bench.fault(), APIError)

    async def test_each_text_is_counted(self, bench: Bench) -> None:
        meter = Meter()
        place = Place("translate", 1, "any", "any", hosted=False)
        counted = MeteredTranslator(bench.engine, meter.of(place, bench.engine))
        await counted.translate(Wish(SAID, "en", "pt"), timeout_s=PATIENT_S)
        bench.refuse(500)
        with pytest.raises(APIError):
            await counted.translate(Wish(SAID, "en", "pt"), timeout_s=PATIENT_S)
        kept, thrown = meter.engines[0].usage(final=True)
        total = kept.amounts.characters + thrown.amounts.characters
        assert (total, kept.failed + thrown.failed) == (len(SAID), 1)

    async def test_it_says_what_it_is(self, bench: Bench) -> None:
        assert bench.engine.model
        bench.engine.prewarm()
        assert await bench.translate()
