"""The way into a server's process. Imports the standard library only, to say what is missing."""

import importlib
import sys


def start(name: str, app_module: str, *, extra: str) -> None:
    """Run a server and end the process.

    Args:
        name: begins every line on standard error.
        app_module: has `read_settings(argv)` and `make_service(settings)`.
        extra: the dependency group that brings the libraries it imports.
    """
    try:
        run = importlib.import_module("model_servers.serving.run")
        app = importlib.import_module(app_module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("model_servers"):
            raise
        sys.stderr.write(
            f"{name}: cannot start: the package {error.name} is not installed: "
            f"run `uv sync --extra {extra}`\n"
        )
        sys.exit(1)
    run.leave(run.run(name, app.read_settings, app.make_service, sys.argv[1:]))
