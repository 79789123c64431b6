"""Tools of the modules that the setting `TOOLS` names."""

from collections.abc import Sequence

from livekit.agents import llm

from agent.call.features import Feature, Surroundings
from agent.tools.modules import load_tools


class ModuleTools(Feature):
    """They are the same in every call: what one keeps for a caller is its own affair."""

    def __init__(self, tools: Sequence[llm.Tool]) -> None:
        """Offer `tools`."""
        self._tools = tools

    def tools(self) -> Sequence[llm.Tool]:
        """All of them."""
        return self._tools


def feature(call: Surroundings) -> Feature | None:
    """Offer what the modules have; the worker has imported them."""
    tools = load_tools(call.settings.tools.tools)
    return ModuleTools(tools) if tools else None
