"""One speaker's clauses into one language: in order, together when behind, never lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from livekit.agents import APIConnectionError, APIStatusError

from agent.interpreting.speaker import Clause
from agent.interpreting.translations import Lane, Translated
from agent.translate.translator import Wish


@dataclass
class Script:
    """A translator that answers when a test lets it; writes in capitals."""

    wishes: list[Wish] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    open: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    model: str = "script"
    provider: str = "test"

    async def translate(self, wish: Wish, *, timeout_s: float) -> str:
        self.wishes.append(wish)
        await self.open.acquire()
        if self.faults:
            raise self.faults.pop(0)
        return wish.text.upper()

    def prewarm(self) -> None: ...

    async def aclose(self) -> None: ...


@dataclass
class Bench:
    script: Script
    lane: Lane
    told: list[Translated]
    failed: list[Exception]

    def say(self, number: int, text: str, *, language: str = "en", corrects: bool = False) -> None:
        self.lane.add(Clause(number, text, language, final=True, corrects=corrects))

    async def answer(self, count: int = 1) -> None:
        for _ in range(count):
            self.script.open.release()
        await asyncio.sleep(0.01)

    @property
    def shown(self) -> list[tuple[int, str]]:
        return [(t.number, t.text) for t in self.told]

    @property
    def asked(self) -> list[str]:
        return [wish.text for wish in self.script.wishes]


@asynccontextmanager
async def running(
    *, retries: int = 1, glossary: dict[str, str] | None = None
) -> AsyncIterator[Bench]:
    script, told, failed = Script(), list[Translated](), list[Exception]()
    lane = Lane(
        script,
        "pt",
        timeout_s=5.0,
        retries=retries,
        glossary=glossary or {},
        told=told.append,
        failed=failed.append,
    )
    running_lane = asyncio.create_task(lane.run())
    try:
        yield Bench(script, lane, told, failed)
    finally:
        running_lane.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running_lane


async def test_clauses_are_translated_one_after_the_other() -> None:
    async with running() as b:
        b.say(1, "one")
        await b.answer()
        b.say(2, "two")
        await b.answer()
        assert b.shown == [(1, "ONE"), (2, "TWO")]


async def test_what_waits_is_translated_together_and_nothing_is_left_out() -> None:
    async with running() as b:
        b.say(1, "one")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for number in range(2, 11):
            b.say(number, str(number))
        await b.answer(9)
        assert b.asked == ["one", "2 3 4 5 6 7", "8 9 10"]
        assert b.shown == [(1, "ONE"), (2, "2 3 4 5 6 7"), (8, "8 9 10")]


async def test_two_languages_are_not_put_together() -> None:
    async with running() as b:
        b.say(1, "one")
        await asyncio.sleep(0.01)
        b.say(2, "zwei", language="de")
        b.say(3, "three")
        await b.answer(3)
        assert [(w.text, w.source) for w in b.script.wishes] == [
            ("one", "en"),
            ("zwei", "de"),
            ("three", "en"),
        ]


async def test_what_was_said_before_and_the_glossary_go_along() -> None:
    async with running(glossary={"a": "b"}) as b:
        for number, text in enumerate(("one", "two", "three", "four", "five"), 1):
            b.say(number, text)
            await b.answer()
        assert b.script.wishes[-1].before == (("two", "TWO"), ("three", "THREE"), ("four", "FOUR"))
        assert b.script.wishes[-1].glossary == {"a": "b"}


async def test_a_correction_is_translated_in_the_place_of_its_clause() -> None:
    async with running() as b:
        b.say(1, "the c side")
        await b.answer()
        b.say(2, "is cold")
        await b.answer()
        b.say(1, "the seaside", corrects=True)
        await b.answer()
        assert b.shown == [(1, "THE C SIDE"), (2, "IS COLD"), (1, "THE SEASIDE")]


async def test_a_correction_of_what_waits_costs_no_request() -> None:
    async with running() as b:
        b.say(1, "one")
        await asyncio.sleep(0.01)
        b.say(2, "the c side")
        b.say(2, "the seaside", corrects=True)
        await b.answer(2)
        assert b.asked == ["one", "the seaside"]


async def test_of_what_was_translated_together_all_is_translated_again() -> None:
    async with running() as b:
        b.say(1, "one")
        await asyncio.sleep(0.01)
        b.say(2, "the c side")
        b.say(3, "is cold")
        await b.answer(2)
        b.say(3, "is old", corrects=True)
        await b.answer()
        assert b.shown[-1] == (2, "THE C SIDE IS OLD")


async def test_a_correction_of_what_is_long_forgotten_is_let_go() -> None:
    async with running() as b:
        b.say(7, "nobody knows it", corrects=True)
        b.say(8, "eight")
        await b.answer()
        assert b.shown == [(8, "EIGHT")]


async def test_a_fault_that_may_pass_is_tried_again() -> None:
    async with running() as b:
        b.script.faults = [APIConnectionError("cut")]
        b.say(1, "one")
        await b.answer(2)
        await asyncio.sleep(0.3)
        assert b.shown == [(1, "ONE")]
        assert b.failed == []


async def test_without_a_translation_the_original_is_shown_and_the_next_one_is_asked() -> None:
    async with running(retries=0) as b:
        b.script.faults = [APIStatusError("no", status_code=500), ValueError("a bug")]
        for number, text in enumerate(("one", "two", "three"), 1):
            b.say(number, text)
            await b.answer()
        assert [(t.text, t.works) for t in b.told] == [
            ("one", False),
            ("two", False),
            ("THREE", True),
        ]
        assert [type(error) for error in b.failed] == [APIStatusError, ValueError]


async def test_a_fault_that_stays_is_not_tried_again() -> None:
    async with running(retries=3) as b:
        b.script.faults = [APIStatusError("no", status_code=400)]
        b.say(1, "one")
        await b.answer()
        assert (b.asked, [t.works for t in b.told]) == (["one"], [False])
