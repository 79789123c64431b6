"""Requests that wait together are worked on together.

A GPU takes little longer for eight sentences than for one. Whoever's turn it is takes along those
who wait and ask for the same kind of work; who was taken along has nothing left to do in its turn.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from model_servers.seamless_m4t.work import Answer, Delta, Task
from model_servers.serving.errors import ApiError, WorkFailed

logger = logging.getLogger(__name__)

Deliver = Callable[[Delta | Answer | ApiError], None]
"""Hands something to whoever asked. Called in the thread that works."""


class Model(Protocol):
    """What answers several tasks of one kind at once."""

    def answer(
        self,
        tasks: Sequence[Task],
        tell: Callable[[int, str], None] | None,
        nobody_waits: Callable[[], bool],
    ) -> list[Answer] | None:
        """Answers in order, or None when nobody waits any more. See `Translator.answer`."""


class Order:
    """One request on its way. Made and delivered to on the event loop, worked on in a thread."""

    def __init__(self, task: Task, *, streams: bool = False) -> None:
        """Nobody is told anything before `Batches.enter`.

        Args:
            task: what is asked.
            streams: whether pieces of the text are wanted as they are made.
        """
        self.task = task
        self.streams = streams
        self.entered = threading.Event()
        self.taken = self.withdrawn = self.told = False
        self._deliver: Deliver | None = None

    def tell(self, item: Delta | Answer | ApiError) -> None:
        """Hand something to whoever asked, if they still wait."""
        self.told = True
        if self._deliver is not None and not self.withdrawn:
            self._deliver(item)

    def enter(self, deliver: Deliver) -> None:
        """From now on it may be worked on."""
        self._deliver = deliver
        self.entered.set()


class Batches:
    """All orders of a server. One thread works; the event loop enters and withdraws.

    Args:
        size: most orders of a batch.
        audio_s: most audio of it, its longest recording times their number, seconds.
    """

    def __init__(self, *, size: int, audio_s: float) -> None:
        self._size = size
        self._audio_s = audio_s
        self._lock = threading.Lock()
        self._orders: list[Order] = []

    def enter(self, order: Order, deliver: Deliver) -> None:
        """From now on an order may be taken along."""
        with self._lock:
            self._orders.append(order)
        order.enter(deliver)

    def withdraw(self, order: Order) -> None:
        """Nobody waits for it any more. May be called twice."""
        order.withdrawn = True
        order.entered.set()
        with self._lock:
            if order in self._orders:
                self._orders.remove(order)

    def work(self, order: Order, model: Model) -> Iterator[Delta | Answer]:
        """Have an order answered, and those that it takes along; blocks.

        Nothing is yielded: what is made is delivered.
        """
        order.entered.wait()
        batch = self._take(order)
        if batch:
            _answer(batch, model)
        yield from ()

    def _take(self, first: Order) -> list[Order]:
        """An order and others of its kind, in order of coming; empty: it was taken before."""
        with self._lock:
            if first.taken or first.withdrawn:
                return []
            first.taken = True
            batch, longest_s = [first], first.task.length_s
            for order in self._orders:
                if order.taken or order.task.kind != first.task.kind:
                    continue
                longest_s = max(longest_s, order.task.length_s)
                too_much = longest_s * (len(batch) + 1) > self._audio_s
                if len(batch) >= self._size or too_much:
                    break
                order.taken = True
                batch.append(order)
            return batch


def _answer(batch: Sequence[Order], model: Model) -> None:
    """Have a batch answered; where it fails, one by one: one of them may spoil it."""
    failed = _attempt(batch, model)
    if failed is None:
        return
    for order in batch:
        # Whoever has heard a part would hear it again.
        if len(batch) == 1 or order.told:
            order.tell(failed)
        elif not order.withdrawn:
            _answer([order], model)


def _attempt(batch: Sequence[Order], model: Model) -> WorkFailed | None:
    """Have a batch answered. What it failed with holds on to no memory of the model."""

    def tell(number: int, text: str) -> None:
        if batch[number].streams:
            batch[number].tell(Delta(text))

    began = time.perf_counter()
    try:
        answers = model.answer(
            [order.task for order in batch],
            tell if any(order.streams for order in batch) else None,
            lambda: all(order.withdrawn for order in batch),
        )
    except Exception as error:  # noqa: BLE001  (whatever PyTorch raises)
        # By type only: other libraries put what was said into their messages.
        kind = type(error).__name__
        logger.error("requests failed in the model", extra={"kind": kind, "requests": len(batch)})
        logger.debug("traceback", exc_info=error)
        return WorkFailed(f"the model failed on this request ({kind})")
    work_s = (time.perf_counter() - began) / len(batch)
    for order, answer in zip(batch, answers or (), strict=False):
        order.tell(Answer(answer.text, answer.pcm, work_s))
    return None
