"""`rejoinder playground`: the lines for the LiveKit Agents Playground's `.env.local`."""

import argparse

from agent.errors import ConfigError
from agent.settings.load import load
from rejoinder.demo import places, running


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No flags."""


def run(args: argparse.Namespace) -> int:
    """Print the lines for the server of the settings, else for the demo that runs here."""
    effective = load()
    livekit = effective.livekit
    if livekit.url is None:
        demo = running.latest(places.state_folder())
        if demo is None:
            raise ConfigError(
                "no LiveKit server: set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET, or "
                "start `rejoinder demo` first"
            )
        url, key, secret = demo.livekit_url, demo.api_key, demo.api_secret
    elif livekit.api_key and livekit.api_secret:
        url, key, secret = livekit.url, livekit.api_key, livekit.api_secret.get_secret_value()
    else:
        raise ConfigError("LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be set too")
    print(playground_lines(url, key, secret, agent_name=effective.agent.name), end="")
    return 0


def playground_lines(url: str, api_key: str, api_secret: str, *, agent_name: str) -> str:
    """The content of `.env.local`.

    Source: livekit/agents-playground, .env.example. NEXT_PUBLIC_ values are frozen when the
    Playground is built. No double quote may occur in the YAML: dotenv ends the string there,
    and the Playground then silently uses its own defaults.
    """
    name = (
        f"# Type {agent_name!r} into the Playground's field 'Agent name': the worker only joins\n"
        "# rooms that ask for it.\n"
        if agent_name
        else "# Leave the Playground's field 'Agent name' empty: the worker joins every room.\n"
    )
    return f"""\
# .env.local of the LiveKit Agents Playground; build it again after a change.
{name}LIVEKIT_API_KEY={api_key}
LIVEKIT_API_SECRET={api_secret}
NEXT_PUBLIC_LIVEKIT_URL={url}
NEXT_PUBLIC_APP_CONFIG="
title: 'rejoinder'
settings:
  editable: true
  theme_color: 'cyan'
  chat: true
  outputs: {{audio: true, video: false}}
  inputs: {{mic: true, camera: false, screen: false}}
"
"""
