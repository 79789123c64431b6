"""One person's clauses in one other language, in order, and never far behind.

Clauses that have come while one was being translated are translated together: the engine is asked
as often as it answers, and nothing is left out.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from livekit.agents import APIError

from agent.interpreting.speaker import Clause
from agent.tasks import fault
from agent.translate.translator import Translator, Wish
from agent.wording.scripts import joined

logger = logging.getLogger(__name__)

_BEFORE = 3
"""Clauses that go along as context."""
_RETRY_S = 0.25
_MOST_AT_ONCE = 6
"""Clauses that are translated together: what an engine takes as one text."""
_REMEMBERED = 32
"""Groups that a correction may still be of."""


@dataclass(frozen=True, slots=True)
class Translated:
    """What is to be shown for one clause, or for several."""

    numbers: tuple[int, ...]
    """Of these clauses, in their order."""
    text: str = field(repr=False)
    original: str = field(repr=False)
    target: str
    works: bool
    """Whether it is a translation: else the original itself, as there is none."""
    corrects: bool = False
    """Whether it takes the place of an earlier one of this number."""

    @property
    def number(self) -> int:
        """Of the first of them."""
        return self.numbers[0]


@dataclass(slots=True, eq=False)
class _Group:
    """Clauses that are translated as one text."""

    texts: dict[int, str]
    language: str

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(sorted(self.texts))

    @property
    def text(self) -> str:
        return joined(self.texts[number] for number in self.numbers)


class Lane:
    """Of one speaker and one target language. `run` must run for as long as they are wanted."""

    def __init__(
        self,
        translator: Translator,
        target: str,
        *,
        timeout_s: float,
        retries: int,
        glossary: Mapping[str, str],
        told: Callable[[Translated], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Translate into `target`.

        Args:
            translator: is asked for one text at a time.
            target: BCP-47 tag.
            timeout_s: longest wait for a translation, seconds.
            retries: further tries after a failure that may pass.
            glossary: how terms are written in the target language.
            told: is given what is to be shown, in order.
            failed: told when a text could not be translated.
        """
        self._translator = translator
        self.target = target
        self._timeout_s = timeout_s
        self._retries = retries
        self._glossary = glossary
        self._told = told
        self._failed = failed
        self._waiting: list[_Group] = []
        self._done: list[_Group] = []
        self._before: list[tuple[str, str]] = []
        self._some = asyncio.Event()
        self._closed = False

    def add(self, clause: Clause) -> None:
        """Take a final clause, or the correction of one."""
        if clause.corrects:
            for group in (*self._waiting, *self._done):
                if clause.number in group.texts:
                    group.texts[clause.number] = clause.text
                    if group not in self._waiting:
                        self._waiting.append(group)
        else:
            self._waiting.append(_Group({clause.number: clause.text}, clause.language))
        self._some.set()

    def close(self) -> None:
        """Nothing more will come: `run` returns when all was translated."""
        self._closed = True
        self._some.set()

    async def run(self) -> None:
        """Translate what comes, until cancelled or closed."""
        while not self._closed or self._waiting:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                await self._translate(*self._take())

    def _take(self) -> tuple[_Group, bool]:
        """The next text: all that waits, as far as it is new and of one language.

        The second value says whether it corrects one.
        """
        group = self._waiting.pop(0)
        if group in self._done:
            return group, True
        while (
            self._waiting
            and len(group.texts) < _MOST_AT_ONCE
            and self._waiting[0] not in self._done
            and self._waiting[0].language == group.language
        ):
            group.texts |= self._waiting.pop(0).texts
        self._done = [*self._done[-_REMEMBERED:], group]
        return group, False

    async def _translate(self, group: _Group, corrects: bool) -> None:
        original = group.text
        wish = Wish(
            original, group.language, self.target, tuple(self._before[-_BEFORE:]), self._glossary
        )
        try:
            text, works = await self._asked(wish), True
        except Exception as error:  # noqa: BLE001 - the captions in the original go on
            logger.warning("a translation failed", extra=fault(error))
            self._failed(error)
            text, works = original, False
        else:
            self._before = [*self._before[-_BEFORE:], (original, text)]
        self._told(Translated(group.numbers, text, original, self.target, works, corrects))

    async def _asked(self, wish: Wish) -> str:
        for left in range(self._retries, -1, -1):
            try:
                return await self._translator.translate(wish, timeout_s=self._timeout_s)
            except APIError as error:
                if not (left and error.retryable):
                    raise
                await asyncio.sleep(_RETRY_S)
        raise AssertionError
