"""The way into a server's process. Imports the standard library only, to say what is missing."""

import importlib
import signal
import sys
from types import FrameType


def start(name: str, package: str, *, extra: str = "", command: str = "") -> None:
    """Run a server and end the process.

    Args:
        name: begins every line on standard error.
        package: has `settings.read_settings(argv)` and `app.make_service(settings, say)`.
        extra: the dependency group that brings the libraries it imports.
        command: what brings them, where no group does.
    """
    # The first process of a container ignores a signal that it has no handler for.
    signal.signal(signal.SIGTERM, _stop)
    try:
        run = importlib.import_module("model_servers.serving.run")
        settings = importlib.import_module(f"{package}.settings")
        app = importlib.import_module(f"{package}.app")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("model_servers"):
            raise
        sys.stderr.write(
            f"{name}: cannot start: the package {error.name} is not installed: "
            f"run `{command or f'uv sync --extra {extra}'}`\n"
        )
        sys.exit(1)
    run.leave(run.run(name, settings.read_settings, app.make_service, sys.argv[1:]))


def _stop(number: int, frame: FrameType | None) -> None:
    """Until the server has a handler of its own: there is nothing to finish."""
    sys.exit(0)
