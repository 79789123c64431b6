"""`rejoinder token`: a join token for any LiveKit client."""

import argparse
import dataclasses

from pydantic import SecretStr

from agent.errors import ConfigError
from agent.metadata import FIELDS
from agent.options.livekit import LiveKitOptions
from agent.settings.load import Settings, load
from rejoinder.demo import places, running
from rejoinder.web import tokens


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Who joins which room, for how long."""
    parser.epilog = (
        "It is signed with LIVEKIT_API_KEY and LIVEKIT_API_SECRET; when LIVEKIT_URL is not set and "
        "`rejoinder demo` runs on this machine, with the demo's key."
    )
    parser.add_argument("--room", default="", help="room to join; default: a new one")
    parser.add_argument("--identity", default="", help="who joins; default: a random name")
    parser.add_argument("--metadata", default="", help=tokens.METADATA_HELP)
    parser.add_argument("--ttl-s", help="life of the token, seconds; default: TALK_TOKEN_TTL_S")


def run(args: argparse.Namespace) -> int:
    """Print the token and nothing else, so that it can be piped."""
    effective = load(flags={"TALK_TOKEN_TTL_S": args.ttl_s} if args.ttl_s else None)
    if effective.livekit.url is None:
        effective = _with_key_of_demo(effective)
    if not (effective.livekit.api_key and effective.livekit.api_secret):
        raise ConfigError(
            "tokens are signed with a server's key: set LIVEKIT_API_KEY and LIVEKIT_API_SECRET, or "
            "start `rejoinder demo` first"
        )
    try:
        request = tokens.parse(
            {
                "room_name": args.room,
                "participant_identity": args.identity,
                **tokens.telling(args.metadata),
            },
            agent_name=effective.agent.name,
            # Whoever runs this has the key that signs.
            may_ask=FIELDS,
        )
    except tokens.RequestError as error:
        raise ConfigError(str(error)) from None
    _, token = tokens.mint(request, effective)
    print(token)
    return 0


def _with_key_of_demo(effective: Settings) -> Settings:
    """The same settings with the server of the demo that runs here; unchanged without one."""
    demo = running.latest(places.state_folder())
    if demo is None:
        return effective
    server = LiveKitOptions(
        url=demo.livekit_url, api_key=demo.api_key, api_secret=SecretStr(demo.api_secret)
    )
    return dataclasses.replace(effective, livekit=server)
