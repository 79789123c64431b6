"""`rejoinder phone call`: calls a number and lets the agent talk to who answers."""

import argparse
import asyncio
import json
from typing import Any

from livekit import api
from pydantic_core import PydanticCustomError
from rich.console import Console

from agent.errors import ConfigError, MetadataError
from agent.metadata import KEY, read
from agent.personas.chosen import check_chosen
from agent.settings.load import Settings, load
from rejoinder.phone.inventory import open_livekit, take_stock
from rejoinder.phone.outgoing import MOST_RINGS_S, RINGS_S, Order, Outcome, place
from rejoinder.phone.phone_file import e164


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whom, as whom, and what the agent is told."""
    parser.epilog = (
        "It stays until they hang up; Ctrl-C hangs up. Exit codes: 0 answered, 3 busy, 4 no "
        "answer, 5 refused, 6 no agent came, so that nobody was called, 7 a voicemail answered."
    )
    parser.add_argument("number", metavar="+NUMBER", help="whom to call, with the country (E.164)")
    parser.add_argument("--persona", metavar="NAME", help="who the agent is (`rejoinder personas`)")
    parser.add_argument(
        "--from",
        dest="by",
        metavar="TRUNK|NUMBER",
        default="",
        help="outbound trunk, by name or id, or our number that they see; default: the only trunk",
    )
    first = parser.add_mutually_exclusive_group()
    first.add_argument("--greet", metavar="TEXT", help="first words, in the persona's place")
    first.add_argument(
        "--wait", action="store_true", help="let who answers speak first instead of greeting"
    )
    parser.add_argument(
        "--voicemail",
        choices=("hangup", "leave", "talk"),
        help="what is done when a voicemail answers: hang up, leave the text of --message after "
        "its beep, or talk as to a person; default: hangup",
    )
    parser.add_argument("--message", metavar="TEXT", help="what a voicemail is told")
    parser.add_argument(
        "--metadata", default="", help="JSON that the agent's job is told (docs/room-protocol.md)"
    )
    parser.add_argument(
        "--timeout",
        type=int,
        default=RINGS_S,
        metavar="S",
        help=f"how long it rings, seconds, at most {MOST_RINGS_S}; default: %(default)s",
    )
    parser.add_argument(
        "--detach", action="store_true", help="leave the call to the agent when it is answered"
    )


def run(args: argparse.Namespace) -> int:
    """Call; returns the outcome's code."""
    settings = load()
    try:
        number = e164(args.number)
    except PydanticCustomError as error:
        raise ConfigError(f"{args.number} {error.message()}") from None
    if not 1 <= args.timeout <= MOST_RINGS_S:
        raise ConfigError(f"--timeout is 1 to {MOST_RINGS_S} seconds")
    told = _metadata(args, settings)
    return int(asyncio.run(_call(args, settings, number, told)))


async def _call(args: argparse.Namespace, settings: Settings, number: str, told: str) -> Outcome:
    console = Console(highlight=False, soft_wrap=True)

    def say(what: str) -> None:
        console.print(what, markup=False)

    async with open_livekit(settings.livekit) as livekit:
        trunk, shown = _trunk(args.by, (await take_stock(livekit)).outbound)
        say(f"{number} by {trunk.name or trunk.sip_trunk_id}; waiting for the agent")
        order = Order(number, trunk, shown, settings.agent.name, told, args.timeout)
        return await place(livekit, order, say, stays=not args.detach)


def _trunk(
    by: str, trunks: tuple[api.SIPOutboundTrunkInfo, ...]
) -> tuple[api.SIPOutboundTrunkInfo, str]:
    """The trunk that is meant, and our number if that was named."""
    known = "; ".join(f"{t.name or t.sip_trunk_id}: {', '.join(t.numbers)}" for t in trunks)
    if not trunks:
        raise ConfigError(
            "there is no outbound trunk: put one under `outbound:` and run rejoinder phone setup"
        )
    fitting = [
        trunk
        for trunk in trunks
        if not by
        or by in (trunk.name, trunk.name.rpartition("/")[2], trunk.sip_trunk_id)
        or by in trunk.numbers
    ]
    if len(fitting) != 1:
        why = f"--from {by} fits {len(fitting)} outbound trunks" if by else "which trunk? --from"
        raise ConfigError(f"{why}; there are {known}")
    return fitting[0], by if by in fitting[0].numbers else ""


def _voicemail(args: argparse.Namespace) -> str | dict[str, str]:
    """What the job is told to do with one."""
    if (args.voicemail == "leave") != bool(args.message):
        raise ConfigError("--voicemail leave needs --message TEXT, and nothing else has it")
    return {"leave": args.message} if args.message else args.voicemail or "hangup"


def _metadata(args: argparse.Namespace, settings: Settings) -> str:
    """What the job is told: `--metadata`, and in it what the other options wish.

    Metadata that are no JSON object are told as they are, where nothing else is wished for.
    """
    wishes: dict[str, Any] = {}
    if args.persona is not None:
        wishes["name"] = args.persona
    if args.greet is not None or args.wait:
        wishes["greeting"] = args.greet or ""
    voicemail = _voicemail(args)
    try:
        whole = json.loads(args.metadata or "{}")
        asked = whole.setdefault(KEY, {})
        if args.voicemail or "voicemail" not in asked:
            asked["voicemail"] = voicemail
        if wishes:
            persona = asked.setdefault("persona", {})
            asked["persona"] = ({"name": persona} if isinstance(persona, str) else persona) | wishes
    except (ValueError, AttributeError, TypeError):
        if wishes or args.voicemail:
            raise ConfigError(
                "--metadata should be a JSON object where --persona, --greet, --wait or "
                "--voicemail are given"
            ) from None
        return str(args.metadata)
    told = json.dumps(whole, ensure_ascii=False)
    try:
        check_chosen(read(told), settings.personas)
    except MetadataError as error:
        raise ConfigError(f"--persona, --message or --metadata: {error}") from error
    return told
