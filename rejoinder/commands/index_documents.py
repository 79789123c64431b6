"""`rejoinder documents`: read documents, say what is there, look a question up."""

import argparse
import asyncio
import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.documents.building import Progress
from agent.documents.library import Library, open_library
from agent.documents.sources import is_address
from agent.errors import ConfigError
from agent.options.documents import DocumentsOptions
from agent.settings.load import load
from rejoinder.demo.progress import Board, Step

_SHOWN = 20
"""Documents that are listed one by one; of more their number is told."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which documents, and what to look up."""
    parser.add_argument(
        "source",
        nargs="*",
        metavar="FOLDER",
        help="folders, files or addresses of pages; default: those of DOCUMENTS",
    )
    parser.add_argument("--ask", metavar="QUESTION", help="look this up, as a call does")


def run(args: argparse.Namespace) -> int:
    """Print what was read and found; returns 1 if that is not as the settings want it."""
    options = load().documents
    wanted = tuple(args.source) or options.documents
    if not wanted:
        raise ConfigError("name a folder, or set DOCUMENTS to folders, files and addresses")
    # Whoever types an address here wants it, as does who writes it into the settings.
    named = dict.fromkeys((*options.documents, *filter(is_address, wanted)))
    options = options.model_copy(update={"documents": tuple(named)})
    console = Console()
    library = _opened(console, wanted, options)
    _print(console, library)
    if args.ask is not None:
        asyncio.run(_ask(console, library, args.ask, options))
    return 1 if library.index is None or library.trouble else 0


def _opened(console: Console, wanted: Sequence[str], options: DocumentsOptions) -> Library:
    began = time.perf_counter()
    with Board(console) as board:
        steps: dict[str, Step] = {}

        def report(progress: Progress) -> None:
            if progress.step not in steps:
                steps[progress.step] = board.step(progress.step)
            share = progress.done / progress.total if progress.total else None
            steps[progress.step](f"{progress.done} of {progress.total}", share)

        library = open_library(wanted, options, report=report)
        passages = sum(len(document.passages) for document in library.documents)
        for name, what in (("reading", len(library.documents)), ("embedding", passages)):
            if name in steps:
                kind = "documents" if name == "reading" else "passages"
                steps[name].done(f"{what} {kind}")
    took = time.perf_counter() - began
    how = "words and meaning" if library.by_meaning else "words"
    _say(
        console,
        f"{len(library.documents)} documents ({library.changed} new or changed), {passages} "
        f"passages, found by {how}; {took:.1f} s",
    )
    return library


def _print(console: Console, library: Library) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    for document in library.documents[:_SHOWN]:
        table.add_row(escape(document.path), escape(document.title), str(len(document.passages)))
    console.print(table)
    if len(library.documents) > _SHOWN:
        _say(console, f"and {len(library.documents) - _SHOWN} more")
    for item in library.left_out:
        _say(console, f"left out: {item.path}: {item.why}")
    if library.trouble:
        _say(console, f"found by words alone: {library.trouble}")
    if library.index is None:
        _say(console, "there is nothing to look up in")


async def _ask(
    console: Console, library: Library, question: str, options: DocumentsOptions
) -> None:
    began = time.perf_counter()
    found = await library.search(question, limit=options.passages)
    took_ms = 1000 * (time.perf_counter() - began)
    await library.aclose()
    _say(console, f"\n{len(found)} passages for this question; {took_ms:.0f} ms")
    for passage in found:
        _say(console, f"\n{passage.title} ({passage.path}; match {passage.match:.2f})")
        _say(console, passage.text)


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
