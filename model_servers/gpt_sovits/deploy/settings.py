"""Settings of the server that `--set` gives to the container, checked before they cost anything."""

from collections.abc import Iterable
from importlib import import_module

from model_servers.gpt_sovits.prefix import PREFIX


class SettingsError(ValueError):
    """The container would not start with them; the message says why."""


def checked(given: Iterable[str]) -> dict[str, str]:
    """Variables from texts NAME=VALUE.

    Where the server's own libraries are not installed, only the names' beginning is looked at.

    Raises:
        SettingsError: a name or value is wrong.
    """
    variables: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name.startswith(PREFIX) or not equals:
            raise SettingsError(f"--set {text}: it must be {PREFIX}…=VALUE")
        variables[name] = value
    try:
        server = import_module("model_servers.gpt_sovits.settings")
        start_error = import_module("model_servers.serving.errors").StartError
    except ModuleNotFoundError:
        return variables
    try:
        server.read_settings([server.SERVE], variables)
    except start_error as error:
        raise SettingsError(f"--set: {error}") from error
    return variables
