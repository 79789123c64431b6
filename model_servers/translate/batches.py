"""Sentences of all who wait, translated together.

A model reads its weights once for all sentences of a batch. Whoever's turn it is takes along what
waits for the same pair of languages, finals first; who was taken along is told when all of it is
there, and has nothing left to do in its turn.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from model_servers.serving.tickets import Priority
from model_servers.translate.translator import Translator


@dataclass(eq=False, slots=True)
class Order:
    """The sentences of one request, and what has become of them."""

    source: str
    target: str
    sentences: Sequence[str]
    """None is empty."""
    priority: Priority = "final"
    client: str = ""
    results: list[str | None] = field(init=False)
    taken: int = 0
    """How many, from the first on, are translated or in a batch."""
    place: tuple[int, int] = (0, 0)
    """Among those of the same priority: orders of its client before it, number."""
    alone: bool = False
    """It was in a batch that failed: its sentences may be why."""
    withdrawn: bool = False
    tell: Callable[[], None] | None = None
    """Called in some thread when all of it is there."""

    def __post_init__(self) -> None:
        self.results = [None] * len(self.sentences)

    @property
    def is_done(self) -> bool:
        """Whether all of it is translated."""
        return None not in self.results


class Batches:
    """All orders of a server. Used on the event loop and in the threads that translate.

    Args:
        worked: called after each batch with the seconds that it took, in its thread.
    """

    def __init__(self, worked: Callable[[float], None] = lambda work_s: None) -> None:
        self._worked = worked
        self._lock = threading.Condition()
        self._orders: list[Order] = []
        self._numbers = itertools.count()

    def enter(self, order: Order) -> None:
        """From now on it may be taken along."""
        with self._lock:
            before = sum(other.client == order.client for other in self._orders)
            order.place = before, next(self._numbers)
            self._orders.append(order)

    def withdraw(self, order: Order) -> None:
        """Nobody waits for it any more. May be called twice."""
        with self._lock:
            order.withdrawn = True
            if order in self._orders:
                self._orders.remove(order)
            self._lock.notify_all()

    def work(self, order: Order, translator: Translator) -> Iterator[Literal["batch", "done"]]:
        """Translate until an order is done; blocks.

        Yields after each batch, so that others can be served, and at the end.
        """
        while not order.withdrawn:
            taken = self._take(order, translator.at_once)
            if taken:
                self._translate(taken, order, translator)
                yield "batch"
                continue
            with self._lock:
                # What is left of it is in a batch of another thread.
                self._lock.wait_for(lambda: order.is_done or order.withdrawn or self._left(order))
            if order.is_done:
                yield "done"
                return

    def _left(self, order: Order) -> bool:
        return order.taken < len(order.sentences)

    def _take(self, first: Order, most: int) -> list[tuple[Order, int]]:
        """The next sentences of an order, and of others that may go along."""
        taken: list[tuple[Order, int]] = []
        with self._lock:
            for order in [first, *self._companions(first)]:
                while self._left(order) and len(taken) < most:
                    taken.append((order, order.taken))
                    order.taken += 1
                if order is first and not taken:
                    break
        return taken

    def _companions(self, first: Order) -> list[Order]:
        """Who wants the same pair, in turn; no guess makes a final's batch longer."""
        if first.alone:
            return []
        able = [
            order
            for order in self._orders
            if order is not first
            and not order.alone
            and (order.source, order.target) == (first.source, first.target)
            and (order.priority == "final" or first.priority == "interim")
        ]
        return sorted(able, key=lambda order: (order.priority == "interim", order.place))

    def _translate(
        self, taken: Sequence[tuple[Order, int]], first: Order, translator: Translator
    ) -> None:
        orders = [order for order, _ in taken]
        texts = [order.sentences[number] for order, number in taken]
        began = time.perf_counter()
        try:
            translations = translator.translate(
                texts,
                first.source,
                first.target,
                lambda: all(order.withdrawn for order in orders),
            )
        except Exception:
            self._put_back(taken)
            if all(order is first for order in orders):
                raise
            # One's sentence fails all: each is done again without company.
            with self._lock:
                for order in orders:
                    order.alone = True
            return
        self._worked(time.perf_counter() - began)
        with self._lock:
            for (order, number), text in zip(taken, translations, strict=False):
                order.results[number] = text
        self._put_back(taken[len(translations) :])
        for order in dict.fromkeys(orders):
            if order.is_done and order.tell is not None:
                order.tell()

    def _put_back(self, taken: Sequence[tuple[Order, int]]) -> None:
        """These are to be done again."""
        with self._lock:
            for order, number in reversed(taken):
                order.taken = min(order.taken, number)
            self._lock.notify_all()
