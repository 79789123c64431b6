"""Progress of long steps: bars in a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Report = Callable[[str, float | None], None]
"""Told what a long step does now, and how much of it is done (0 to 1; None: unknown)."""

_QUIET_S = 10.0
"""Where there is no terminal: least time between two lines of one step."""


def silent(text: str, fraction: float | None) -> None:
    """A `Report` that tells nobody."""


class Step:
    """One line of the display. Calling it is a `Report`."""

    def __init__(self, board: "Board", name: str) -> None:
        self._board = board
        self._name = name
        self._printed = time.monotonic()
        self._task = board.bars.add_task(escape(name), total=None, note="")

    def __call__(self, text: str, fraction: float | None) -> None:
        """Show what the step does now."""
        self._board.bars.update(
            self._task,
            note=escape(text),
            total=None if fraction is None else 1.0,
            completed=fraction or 0.0,
        )
        if not self._board.live and time.monotonic() - self._printed >= _QUIET_S:
            self._printed = time.monotonic()
            self._print(text)

    def done(self, text: str) -> None:
        """Show the step's result; it is over."""
        self._board.bars.update(self._task, note=escape(text), total=1.0, completed=1.0)
        self._board.bars.stop_task(self._task)
        if not self._board.live:
            self._print(text)

    def _print(self, text: str) -> None:
        line = f"{self._name}: {text}"
        self._board.console.print(line, markup=False, highlight=False, soft_wrap=True)


class Board:
    """The steps of one command. Enter it, add steps, leave it before printing a result."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = console.is_terminal
        self.bars = Progress(
            SpinnerColumn(finished_text="[green]✓[/green]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("[dim]{task.fields[note]}[/dim]"),
            TimeElapsedColumn(),
            console=console,
            disable=not self.live,
        )

    def __enter__(self) -> "Board":
        self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bars.stop()

    def step(self, name: str) -> Step:
        """Begin a step."""
        return Step(self, name)
