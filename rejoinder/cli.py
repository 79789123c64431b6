"""The command line: `rejoinder COMMAND`. Each command is a module of `rejoinder.commands`."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import NoReturn

from agent.errors import RejoinderError
from agent.remote.proxies import spare_this_machine

_BROKEN_PIPE = 141
"""128 + SIGPIPE, as shells report it."""

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("run_demo", "start everything on this machine and open the talk page"),
    "start": ("run_worker", "run the worker for production"),
    "dev": ("run_dev", "run the worker and restart it when the code changes"),
    "web": ("run_web", "serve the talk page and the token endpoint"),
    "check": ("check", "show what is set and try every engine"),
    "personas": ("list_personas", "list the personas, and what is wrong in their files"),
    "memory": ("memory", "list, show and delete what is stored of callers"),
    "rehearse": ("rehearse", "play scripted talks with personas, and fail if one misbehaves"),
    "documents": ("index_documents", "read documents, say what is there, look a question up"),
    "engines": ("list_engines", "list the engines of each stage"),
    "token": ("print_token", "print a token to join a room"),
    "call": ("place_call", "call the agent with sound files instead of a microphone"),
    "phone": ("phone", "connect telephone numbers, look at them, call out"),
    "replay": ("replay", "show a recorded call or room, decide a call again"),
    "playground": ("print_playground", "print the lines for the Agents Playground's .env.local"),
    "stand-in": ("stand_in", "start a server that stands in for an engine's"),
    "setup": ("set_up", "fetch what the demo and the tests need"),
}
"""Sub-command → (module with `add_arguments(parser)` and `run(args) -> int`, help)."""


def make_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser; only the arguments of `command` are loaded, to start fast."""
    parser = argparse.ArgumentParser(
        prog="rejoinder",
        description="A real-time voice agent worker on LiveKit.",
        epilog="Settings are environment variables or lines of a .env file; "
        "playground.env.example lists them all.",
    )
    parser.add_argument("--version", action="version", version=f"rejoinder {version('rejoinder')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:])
        if name == command:
            importlib.import_module(f"rejoinder.commands.{module}").add_arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Errors of ours are one clear message."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = next((a for a in arguments if a in COMMANDS), None)
    args = make_parser(command).parse_args(arguments)
    spare_this_machine()
    module, _ = COMMANDS[args.command]
    try:
        return int(importlib.import_module(f"rejoinder.commands.{module}").run(args))
    except RejoinderError as error:
        _complain(args.command, str(error))
        return 2
    except BrokenPipeError:
        return _BROKEN_PIPE  # whoever read the output has gone, for example `| head`
    except OSError as error:
        # A file or folder that a person named, or that must be writable.
        # What is no file's, such as a wait that was too long, has no such text.
        why = error.strerror or str(error) or "it failed"
        _complain(args.command, f"{error.filename or type(error).__name__}: {why}")
        return 2
    except KeyboardInterrupt:
        return 130


def entry() -> NoReturn:
    """The console script: `main`, and its exit code for certain."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may know fewer letters than people
    try:
        code = main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if "rejoinder.scripted_caller" in sys.modules:
        # The native library of a caller has threads of its own, which abort the process now and
        # then when the interpreter is taken down under them.
        os._exit(code)
    sys.exit(code)


def _complain(command: str, text: str) -> None:
    print(f"rejoinder {command}: {text}", file=sys.stderr)  # noqa: T201 - the terminal is the product here
