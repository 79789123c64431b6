"""`rejoinder web`: the talk page and the token endpoint, next to a worker of your own."""

import argparse
import asyncio
import signal
from contextlib import suppress

from agent import settings
from agent.settings import Settings
from agent.web.server import serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags that win over the environment."""
    parser.add_argument("--host", help="address to listen on; default: TALK_HOST")
    parser.add_argument("--port", type=int, help="TCP port, 0 takes a free one; default: TALK_PORT")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    given = {"TALK_HOST": args.host, "TALK_PORT": args.port}
    flags = {name: str(value) for name, value in given.items() if value is not None}
    asyncio.run(_serve(settings.load(flags=flags)))
    return 0


async def _serve(effective: Settings) -> None:
    serving = asyncio.current_task()
    assert serving is not None
    with suppress(NotImplementedError):  # Windows: Ctrl-C alone ends it
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    with suppress(asyncio.CancelledError):
        await serve(
            effective,
            ready=lambda url: print(f"talk page: {url}", flush=True),
            progress=lambda line: print(line, flush=True),
        )
