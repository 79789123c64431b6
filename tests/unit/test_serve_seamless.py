"""The SeamlessM4T server without its model: languages, forms, and who is worked on with whom."""

import asyncio
import functools
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from agent.remote.gradio.m4t_languages import CODES, display_name
from model_servers.seamless_m4t.batches import Batches, Order
from model_servers.seamless_m4t.languages import (
    LANGUAGES,
    SPOKEN,
    UnknownLanguage,
    code_of,
    names,
    token_of,
)
from model_servers.seamless_m4t.wish import parse
from model_servers.seamless_m4t.work import Answer, Delta, Task
from model_servers.serving.errors import ApiError, BadRequest, QueueFull, WorkFailed
from model_servers.serving.work_queue import WorkQueue


class Script:
    """A model that says what it was asked, and notes who was asked together."""

    def __init__(self, fails: str = "") -> None:
        self.batches: list[list[str]] = []
        self.fails = fails
        self.tells = False

    def answer(
        self,
        tasks: Sequence[Task],
        tell: Callable[[int, str], None] | None,
        nobody_waits: Callable[[], bool],
    ) -> list[Answer] | None:
        self.batches.append([task.text for task in tasks])
        if self.tells and tell is not None:
            for number, task in enumerate(tasks):
                tell(number, task.text[:1])
        if any(task.text == self.fails for task in tasks):
            raise RuntimeError(f"cannot say {self.fails}")
        return None if nobody_waits() else [Answer(task.text) for task in tasks]


class Held(Script):
    """One that works on a batch until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self._gates = threading.Semaphore(0)

    def let_go(self) -> None:
        self._gates.release()

    async def reached(self, number: int) -> None:
        """Wait until it works on its batch with this number."""
        async with asyncio.timeout(5.0):
            while len(self.batches) < number:
                await asyncio.sleep(0.005)

    def answer(
        self,
        tasks: Sequence[Task],
        tell: Callable[[int, str], None] | None,
        nobody_waits: Callable[[], bool],
    ) -> list[Answer] | None:
        answers = super().answer(tasks, tell, nobody_waits)
        assert self._gates.acquire(timeout=5.0)
        return answers


def _work(
    batches: Batches, order: Order, model: Script, stop: threading.Event
) -> Iterator[Delta | Answer]:
    return batches.work(order, model)


class Bench:
    """Orders, and what their senders have got."""

    def __init__(self, *, size: int = 8, audio_s: float = 120.0) -> None:
        self.batches = Batches(size=size, audio_s=audio_s)
        self.got: dict[str, list[Delta | Answer | ApiError]] = {}
        self.orders: dict[str, Order] = {}

    def order(
        self, text: str, *, target: str = "eng", length_s: float = 0.0, streams: bool = False
    ) -> Order:
        samples = np.zeros(int(16000 * length_s), np.float32) if length_s else None
        task = Task(target, samples=samples, text=text, source="fra")
        order = Order(task, streams=streams)
        self.got[text] = []
        self.batches.enter(order, self.got[text].append)
        self.orders[text] = order
        return order

    def work(self, text: str, model: Script) -> None:
        assert list(self.batches.work(self.orders[text], model)) == []

    def answer(self, text: str) -> str | None:
        (only,) = self.got[text]
        return only.text if isinstance(only, Answer) else None


class TestBatches:
    def test_those_who_wait_for_the_same_language_are_worked_on_together(self) -> None:
        bench, model = Bench(), Script()
        for text, target in (("a", "eng"), ("b", "deu"), ("c", "eng"), ("d", "eng")):
            bench.order(text, target=target)
        bench.work("c", model)
        assert model.batches == [["c", "a", "d"]]
        for text in ("a", "b", "d"):
            bench.work(text, model)
        assert model.batches == [["c", "a", "d"], ["b"]]
        assert [bench.answer(text) for text in "abcd"] == ["a", "b", "c", "d"]

    async def test_who_is_worked_on_takes_no_place_of_those_who_wait(self) -> None:
        model = Held()
        batches = Batches(size=8, audio_s=120.0)
        queue = WorkQueue(workers=1, waiting=8, lends=False)
        orders: list[Order] = []

        async def ask(client: str) -> None:
            order = Order(Task("eng", text=f"{client}{len(orders)}", source="fra"))
            orders.append(order)
            done = asyncio.Event()
            loop = asyncio.get_running_loop()
            job = functools.partial(_work, batches, order, model)
            async with queue.submit(
                job, timeout_s=5.0, client=client, under_way=lambda: order.taken
            ):
                batches.enter(order, lambda item: loop.call_soon_threadsafe(done.set))
                await done.wait()

        async with asyncio.TaskGroup() as group:
            group.create_task(ask("a"))
            await model.reached(1)
            for _ in range(8):
                group.create_task(ask("a"))
            while len(orders) < 9:
                await asyncio.sleep(0)
            model.let_go()
            await model.reached(2)
            for _ in range(8):
                # Of another client: it would go before those of the first one.
                group.create_task(ask("b"))
            while len(orders) < 17:
                await asyncio.sleep(0)
            assert queue.waiting == 8
            with pytest.raises(QueueFull):
                await ask("a")
            model.let_go()
            await model.reached(3)
            model.let_go()
        assert [len(batch) for batch in model.batches] == [1, 8, 8]
        await queue.aclose(timeout_s=5.0)

    def test_speech_and_text_and_speaking_are_not_mixed(self) -> None:
        bench, model = Bench(), Script()
        bench.order("a")
        bench.order("b", length_s=1.0)
        order = Order(Task("eng", text="c", source="fra", speaks=True))
        bench.batches.enter(order, bench.got.setdefault("c", []).append)
        bench.work("a", model)
        assert model.batches == [["a"]]

    def test_a_batch_has_as_many_as_are_allowed(self) -> None:
        bench, model = Bench(size=2), Script()
        for text in "abc":
            bench.order(text)
        bench.work("a", model)
        assert model.batches == [["a", "b"]]

    def test_a_batch_has_as_much_audio_as_is_allowed_its_padding_counted(self) -> None:
        bench, model = Bench(audio_s=10.0), Script()
        for text, length_s in (("a", 2.0), ("b", 2.0), ("c", 6.0), ("d", 2.0)):
            bench.order(text, length_s=length_s)
        bench.work("a", model)
        assert model.batches == [["a", "b"]]

    def test_one_that_is_longer_than_a_batch_may_be_is_worked_on_alone(self) -> None:
        bench, model = Bench(audio_s=1.0), Script()
        bench.order("a", length_s=2.0)
        bench.order("b", length_s=0.1)
        bench.work("a", model)
        assert model.batches == [["a"]]

    def test_who_has_left_is_neither_worked_on_nor_told(self) -> None:
        bench, model = Bench(), Script()
        for text in "abc":
            bench.order(text)
        bench.batches.withdraw(bench.orders["b"])
        bench.batches.withdraw(bench.orders["b"])
        bench.work("a", model)
        bench.work("b", model)
        assert model.batches == [["a", "c"]]
        assert bench.got["b"] == []

    def test_one_that_spoils_a_batch_fails_alone(self) -> None:
        bench, model = Bench(), Script(fails="b")
        for text in "abc":
            bench.order(text)
        bench.work("a", model)
        assert model.batches == [["a", "b", "c"], ["a"], ["b"], ["c"]]
        assert (bench.answer("a"), bench.answer("c")) == ("a", "c")
        (failure,) = bench.got["b"]
        assert isinstance(failure, WorkFailed)
        assert "cannot say" not in str(failure)

    def test_who_has_heard_a_part_does_not_hear_it_again(self) -> None:
        bench, model = Bench(), Script(fails="b")
        model.tells = True
        bench.order("a", streams=True)
        bench.order("b", streams=True)
        bench.work("a", model)
        assert model.batches == [["a", "b"]]
        told, failure = bench.got["a"]
        assert (told, type(failure)) == (Delta("a"), WorkFailed)

    def test_what_a_batch_failed_with_is_gone_when_it_is_tried_one_by_one(self) -> None:
        class Memory:
            """What a model has worked out so far."""

        class Full(Script):
            def __init__(self) -> None:
                super().__init__()
                self.left: list[weakref.ref[Memory]] = []

            def answer(self, tasks: Any, tell: Any, nobody_waits: Any) -> list[Answer] | None:
                assert all(kept() is None for kept in self.left)
                worked_out = Memory()
                self.left.append(weakref.ref(worked_out))
                if len(tasks) > 1:
                    raise MemoryError
                return super().answer(tasks, tell, nobody_waits)

        bench, model = Bench(), Full()
        for text in "abc":
            bench.order(text)
        bench.work("a", model)
        assert [bench.answer(text) for text in "abc"] == ["a", "b", "c"]

    def test_a_thread_waits_until_its_order_has_been_entered(self) -> None:
        bench, model = Bench(), Script()
        order = Order(Task("eng", text="a", source="fra"))
        bench.orders["a"], bench.got["a"] = order, []
        thread = threading.Thread(target=bench.work, args=("a", model))
        thread.start()
        bench.batches.enter(order, bench.got["a"].append)
        thread.join(10)
        assert bench.answer("a") == "a"


class TestLanguages:
    def test_names_are_those_that_the_engine_sends(self) -> None:
        assert {language.name for language in LANGUAGES.values()} == set(CODES)
        assert names(LANGUAGES) == sorted(CODES)

    def test_each_tag_of_the_engine_means_the_same_here(self) -> None:
        for name, tags in CODES.items():
            for tag in tags:
                assert LANGUAGES[code_of(display_name(tag))].name == name

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ("Mandarin Chinese", "cmn"),
            ("zh-Hans-CN", "cmn"),
            ("zh-Hant-HK", "yue"),
            ("EN-us", "eng"),
            ("pt_BR", "por"),
            ("norwegian bokmål", "nob"),
            ("ar", "arb"),
            ("ar-EG", "arz"),
        ],
    )
    def test_a_language_may_be_named_in_three_ways(self, asked: str, code: str) -> None:
        assert code_of(asked) == code

    def test_one_that_there_is_not_is_named(self) -> None:
        with pytest.raises(UnknownLanguage, match="Klingon"):
            code_of("Klingon")

    def test_it_speaks_thirty_six_of_them(self) -> None:
        assert len(SPOKEN) == 36
        assert set(LANGUAGES) >= SPOKEN

    def test_weights_may_call_a_language_otherwise(self) -> None:
        assert token_of("zsm", {"zlm": 1}) == "zlm"
        assert token_of("eng", {"eng": 1}) == "eng"
        assert token_of("eng", {"deu": 1}) is None


class TestForm:
    KNOWN = frozenset({"eng", "deu", "cmn"})

    def test_a_translation_is_into_english_unless_it_is_said(self) -> None:
        assert parse({}, self.KNOWN, translate=True).target == "eng"
        fields = {"target_language": "zh-CN", "language": "fr", "stream": "true"}
        wish = parse(fields, self.KNOWN, translate=True)
        assert (wish.target, wish.stream, wish.format) == ("cmn", True, "json")

    @pytest.mark.parametrize(
        ("fields", "param"),
        [
            ({}, "language"),
            ({"language": "tlh"}, "language"),
            ({"language": "fr"}, "language"),
            ({"language": "en", "response_format": "srt"}, "response_format"),
            ({"language": "en", "stream": "maybe"}, "stream"),
        ],
    )
    def test_what_it_cannot_do_is_refused(self, fields: dict[str, str], param: str) -> None:
        with pytest.raises(BadRequest) as caught:
            parse(fields, self.KNOWN, translate=False)
        assert caught.value.param == param
