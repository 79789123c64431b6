"""One plug-in: its class, and what it is made with."""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from agent.errors import ConfigError, EngineUnavailable
from agent.masking import MASK
from agent.remote.plugins.arguments import checked, parameters_of
from agent.remote.plugins.classes import Kind, find, opens_threads
from agent.remote.plugins.options import PluginOptions, Referring

_VARIABLE = re.compile(
    r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:API_KEY|KEY|ACCESS_KEY_ID|TOKEN|SECRET|CREDENTIALS)\b"
)
_MOST_VARIABLES = 3


class Plugin:
    """Imported and looked at; nothing is made yet. Blocks, for seconds the first time."""

    def __init__(
        self, kind: Kind, options: PluginOptions, *, unless_set: Mapping[str, Any] | None = None
    ) -> None:
        """Find the class that `options` name, and look at its arguments.

        `unless_set`: arguments that it is given if it takes them and nobody has set them.

        Raises:
            EngineUnavailable: the package is missing.
            ConfigError: the class or an argument is.
        """
        self.kind, self.options = kind, options
        self.make_one = find(kind, options.plugin)
        self._takes = parameters_of(self.make_one)
        given = {name: one for name, one in (unless_set or {}).items() if name in self._takes}
        self.arguments = checked(
            self.make_one,
            given | options.plugin_options,
            who=f"{kind.stage}_PLUGIN_OPTIONS: {options.plugin}",
        )

    @property
    def name(self) -> str:
        """As the person has written it: `deepgram.STT`."""
        return self.options.plugin

    def first_of(self, names: tuple[str, ...]) -> str | None:
        """The first of these arguments that it takes."""
        return next((name for name in names if name in self._takes), None)

    def value_of(self, name: str) -> Any:
        """What an argument is set to, by the person or by itself."""
        default = self._takes[name].default if name in self._takes else None
        return self.arguments.get(name, default)

    def make(self, **instead: Any) -> Any:
        """Make one; it contacts nobody. `instead`: arguments that are others this time.

        Raises:
            EngineUnavailable: it does not want to be made, most often for want of a key.
            ConfigError: what is made is something else than wanted.
        """
        try:
            made = self.make_one(**{**self.arguments, **instead})
        except Exception as error:  # noqa: BLE001 - somebody else's code raises what it likes
            variables = self.key_variables()
            hint = f"; it reads {' or '.join(variables)}" if variables else ""
            raise EngineUnavailable(
                f"{self.kind.stage}_PLUGIN={self.name} cannot be made: "
                f"{self.without_secrets(str(error) or type(error).__name__)}{hint}"
            ) from error
        if not isinstance(made, self.kind.base):
            raise ConfigError(
                f"{self.kind.stage}_PLUGIN={self.name} makes no {self.kind.noun}; name the class"
            )
        return made

    def check(self) -> None:
        """See that it can be made, and loaded as it is to be.

        Raises:
            EngineUnavailable: it cannot.
            ConfigError: as `check_loading`.
        """
        self.make()
        self.check_loading()

    def check_loading(self) -> None:
        """See whether it may be imported before processes part.

        Raises:
            ConfigError: it is to be, and has opened threads.
        """
        if self.options.plugin_preload and opens_threads(self.name):
            raise ConfigError(
                f"{self.name} opens threads when it is imported, which job processes would lack; "
                f"set {self.kind.stage}_PLUGIN_PRELOAD=false"
            )

    def key_variables(self) -> list[str]:
        """Environment variables with a key that its module names, its own service's before all."""
        module = inspect.getmodule(self.make_one)
        try:
            source = inspect.getsource(module) if module is not None else ""
        except (OSError, TypeError):
            source = ""
        found = list(dict.fromkeys(_VARIABLE.findall(source)))
        home = self.name.removeprefix("livekit.plugins.").split(".")[0].upper()
        own = [name for name in found if home.startswith(name.split("_")[0])]
        return (own or found)[:_MOST_VARIABLES]

    def without_secrets(self, text: str) -> str:
        """A text of the plug-in's without what was taken from other variables."""
        for secret in _secrets(self.options.plugin_options):
            text = text.replace(secret, MASK)
        return text


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        values = value.values if isinstance(value, Referring) else ()
        yield from filter(None, (value.get_secret_value(), *values))
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _secrets(inner)
