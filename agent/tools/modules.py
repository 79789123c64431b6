"""Function tools of modules that a person names."""

import importlib
import inspect
from collections.abc import Iterator, Sequence

from livekit.agents import llm

from agent.errors import ConfigError
from agent.tools.guard import FunctionTool


def load_tools(modules: Sequence[str]) -> tuple[FunctionTool, ...]:
    """Import modules by their dotted paths, and take their `@llm.function_tool` functions.

    Raises:
        ConfigError: one cannot be imported or has none, or two tools have one name.
    """
    found: dict[str, str] = {}
    tools: list[FunctionTool] = []
    for module in modules:
        own = list(_tools_of(module))
        if not own:
            raise ConfigError(f"TOOLS: {module} has no function with @llm.function_tool")
        for tool in own:
            if not inspect.iscoroutinefunction(inspect.unwrap(tool)):
                raise ConfigError(f"TOOLS: {tool.id} of {module} is no `async def` function")
            other = found.setdefault(tool.id, module)
            if other != module:
                raise ConfigError(f"TOOLS: both {other} and {module} have a tool {tool.id}")
            tools.append(tool)
    return tuple(tools)


def _tools_of(name: str) -> Iterator[FunctionTool]:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigError(f"TOOLS: {name} cannot be imported: {error}") from error
    seen: set[int] = set()
    for value in vars(module).values():
        if isinstance(value, llm.FunctionTool | llm.RawFunctionTool) and id(value) not in seen:
            seen.add(id(value))
            yield value
