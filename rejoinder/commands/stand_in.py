"""`rejoinder stand-in`: a server that speaks an engine's wire, where there is none of it.

For whoever has no GPU, key or account and wants to see how an engine is set up, what a call is like
with it, and what happens when it fails.
"""

import argparse
import asyncio
import errno
import signal
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from agent.errors import ConfigError
from rejoinder.demo.places import cache_folder
from rejoinder.stand_ins.kept import keep
from rejoinder.stand_ins.offers import OFFERS, RECORDED, RECORDING_HZ, Offer, Wanted
from rejoinder.stand_ins.sound_words import USUAL_TEXT, SoundWords
from rejoinder.stand_ins.spoken import EmbeddedVoice

_KEPT = 10
"""Requests that a stand-in remembers, each with its sound; here nobody asks for them."""
_HIGHEST_PORT = 65535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which one, where, and what it does wrong."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "Without a name all are listed. Voices speak as espeak-ng does, recognisers hear a word\n"
        "of --says for each third of a second of sound, language models repeat what they are\n"
        "told.\n\n"
        "faults of work that is asked for, each where the list names it (STAGE:FAULT where it\n"
        "serves several stages, for example llm:stall):\n"
        "  slow      the first byte takes 5 s\n"
        "  stall     nothing more comes after the first pieces\n"
        "  cut       the connection is closed after the first pieces\n"
        "  401, 403, 424, 429, 500\n"
        "            every request is refused with this status, open websockets are closed\n"
        "  full      every connection is closed: try again later\n"
        "  malformed the answer is something else than the protocol"
    )
    parser.add_argument("name", nargs="?", choices=tuple(OFFERS), metavar="NAME")
    parser.add_argument(
        "--port",
        type=_port,
        help="TCP port of loopback, 0 takes a free one; default: the real one's",
    )
    parser.add_argument("--way", help="which program or wire, where it has several; see the list")
    parser.add_argument("--fault", help="what it does wrong; see below")
    parser.add_argument(
        "--after", type=float, default=0.0, metavar="S", help="seconds until the fault begins"
    )
    parser.add_argument("--says", default=USUAL_TEXT, help="the words that a recogniser hears")
    parser.add_argument(
        "--tones", action="store_true", help="a voice speaks a tone for each word, as in tests"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; without a name, print the list."""
    if args.name is None:
        _print_list()
        return 0
    offer = OFFERS[args.name]
    way = offer.ways[0] if args.way is None else args.way
    if way not in offer.ways:
        raise ConfigError(_no_such("--way", way, args.name, offer.ways))
    if args.fault is not None and args.fault not in offer.faults:
        raise ConfigError(_no_such("--fault", args.fault, args.name, offer.faults))
    asyncio.run(_serve(offer, way, args))
    return 0


async def _serve(offer: Offer, way: str, args: argparse.Namespace) -> None:
    serving = asyncio.current_task()
    assert serving is not None
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows: Ctrl-C alone ends it
        # A shell's background job starts with SIGINT ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, serving.cancel)
    with suppress(asyncio.CancelledError):
        async with AsyncExitStack() as stack:
            speech, recording = None, b""
            if not args.tones:
                speech = await stack.enter_async_context(EmbeddedVoice())
                recording = await speech(RECORDED, voice="anna", rate_hz=RECORDING_HZ, speed=1.0)
            words, folder = SoundWords(args.says), _folder(args.name)
            wanted = Wanted(way, folder, words, speech, recording)
            server = await asyncio.to_thread(offer.make, wanted)
            server.tell = _line
            keep(server, _KEPT)
            port = offer.port if args.port is None else args.port
            try:
                await stack.enter_async_context(server.serve(port=port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                raise ConfigError(
                    f"port {port} of this machine is taken: give another with --port, 0 for any"
                ) from None
            _print_start(offer, wanted, args, server.url)
            if args.fault is not None:
                loop.call_later(args.after, _switch, offer, args.fault, server)
            await asyncio.Event().wait()


def _folder(name: str) -> Path:
    """Where it puts files: always the same, so that its lines are true again the next time."""
    return cache_folder() / "stand-in" / name


def _switch(offer: Offer, fault: str, server: Any) -> None:
    offer.faults[fault](server)
    _line(f"from now on: {fault}")


def _print_start(offer: Offer, wanted: Wanted, args: argparse.Namespace, url: str) -> None:
    way = f" ({wanted.way})" if wanted.way else ""
    print(f"{args.name}{way} stands in at {url}. Ctrl-C ends it.\n\nLines for .env:\n")
    for line in offer.settings(url, wanted):
        print(f"  {line}")
    print("\n`rejoinder check` tries them, `rejoinder demo` talks with it.\n", flush=True)


def _print_list() -> None:
    print("rejoinder stand-in NAME starts one of these, and these lines of .env reach it:")
    for name, offer in OFFERS.items():
        print(f"\n{name}: {offer.summary}")
        wanted = Wanted(offer.ways[0], _folder(name))
        for line in offer.settings(offer.url.format(port=offer.port), wanted):
            print(f"  {line}")
        if any(offer.ways):
            print(f"  ways: {', '.join(offer.ways)}")
        print(f"  faults: {', '.join(offer.faults)}")


def _line(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port: it is from 0 to {_HIGHEST_PORT}")
    return port


def _no_such(option: str, given: str, name: str, known: Iterable[str]) -> str:
    has = ", ".join(known) or "none"
    return f"{option} {given}: {name} has {has}"
