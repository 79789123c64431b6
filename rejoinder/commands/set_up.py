"""`rejoinder setup`: fetch what the demo, the tests and images need, and say where it is."""

import argparse
import asyncio
from pathlib import Path

from rich.console import Console

from agent.options.livekit import LiveKitOptions
from agent.settings.load import load
from rejoinder.demo import places
from rejoinder.demo.livekit_server import Found, obtain
from rejoinder.demo.page_library import ensure_page_library
from rejoinder.demo.progress import Board
from rejoinder.demo.table import describe_server, passed_over_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to leave out, and output for scripts."""
    parser.add_argument(
        "--no-livekit-server", action="store_true", help="do not look for livekit-server"
    )
    parser.add_argument(
        "--no-page", action="store_true", help="do not fetch the talk page's library"
    )
    parser.add_argument(
        "--print-livekit-server",
        action="store_true",
        help="print only the path of livekit-server on standard output, all else on the other",
    )


def run(args: argparse.Namespace) -> int:
    """Fetch with progress; raises StartupError with the remedy when something cannot be had."""
    console = Console(stderr=args.print_livekit_server)
    options = None if args.no_livekit_server else load().livekit
    binary = asyncio.run(_set_up(console, options, page=not args.no_page))
    if args.print_livekit_server and binary is not None:
        print(binary)
    return 0


async def _set_up(console: Console, options: LiveKitOptions | None, *, page: bool) -> Path | None:
    found: Found | None = None
    with Board(console) as board:
        if options is not None:
            step = board.step("livekit-server")
            found = await obtain(options, cache=places.cache_folder(), report=step)
            step.done(describe_server(found))
        if page:
            step = board.step("talk page")
            step.done(str(await ensure_page_library(step)))
    for line in passed_over_lines(found) if found else ():
        console.print(line, markup=False, highlight=False)
    return found.binary if found else None
