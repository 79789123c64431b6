"""`rejoinder token`: a join token for any LiveKit client."""

import argparse

from agent import settings
from agent.errors import ConfigError
from agent.web import tokens


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Who joins which room, for how long."""
    parser.add_argument("--room", default="", help="room to join; default: a new one")
    parser.add_argument("--identity", default="", help="who joins; default: a random name")
    parser.add_argument("--ttl-s", help="life of the token, seconds; default: TALK_TOKEN_TTL_S")


def run(args: argparse.Namespace) -> int:
    """Print the token and nothing else, so that it can be piped."""
    effective = settings.load(flags={"TALK_TOKEN_TTL_S": args.ttl_s} if args.ttl_s else None)
    if not (effective.livekit.api_key and effective.livekit.api_secret):
        raise ConfigError(
            "LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be set: tokens are signed with them"
        )
    try:
        request = tokens.parse(
            {"room_name": args.room, "participant_identity": args.identity},
            agent_name=effective.agent.name,
        )
    except tokens.RequestError as error:
        raise ConfigError(str(error)) from None
    _, token = tokens.mint(request, effective)
    print(token)
    return 0
