"""`rejoinder phone`: what the operator of a telephone line does."""

import argparse
import importlib

COMMANDS = {
    "setup": ("phone_setup", "make LiveKit's trunks and dispatch rules those of a file"),
    "status": ("phone_status", "show trunks, numbers and calls, and what is wrong with them"),
    "call": ("phone_call", "call a number and let the agent talk to who answers"),
}
"""As `rejoinder.cli.COMMANDS`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which of them, with its arguments."""
    parser.epilog = "docs/phone.md goes from a carrier's trunk to a first call."
    commands = parser.add_subparsers(dest="phone_command", metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:])
        importlib.import_module(f"rejoinder.commands.{module}").add_arguments(sub)


def run(args: argparse.Namespace) -> int:
    """Run the one that was named."""
    module, _ = COMMANDS[args.phone_command]
    return int(importlib.import_module(f"rejoinder.commands.{module}").run(args))
