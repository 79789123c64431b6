"""Modules of tools, and servers of them, as a person names them."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.personas.shelf import read_shelf
from agent.settings.load import load
from agent.tools.modules import load_tools

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What a test imports is imported anew by the next one."""
    yield
    for name in [name for name in sys.modules if name.startswith(("office_tools", "tools_"))]:
        del sys.modules[name]


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that modules are imported from."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


TOOL = """
from livekit.agents import llm

@llm.function_tool
{how} {name}(city: str) -> str:
    "The weather."
    return city
"""


def test_the_example_has_its_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    assert [tool.id for tool in load_tools(["office_tools"])] == ["opening_hours", "book_visit"]


def test_the_page_says_what_works(modules: Path) -> None:
    page = (EXAMPLES.parent / "docs" / "tools.md").read_text()
    (module,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    persona = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0]
    (modules / "office_tools.py").write_text(module)
    (modules / "office.yaml").write_text(persona)
    assert [tool.id for tool in load_tools(["office_tools"])] == ["opening_hours"]
    for folder in (modules, EXAMPLES / "office"):
        shelf = read_shelf(folder)
        assert not shelf.mistakes
        assert shelf.get("office").file.tools[0].name == "opening_hours"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "tools_a cannot be imported"),
        ("x = 1", "tools_a has no function with @llm.function_tool"),
        (TOOL.format(how="def", name="weather"), "weather of tools_a is no `async def`"),
        ("import nowhere_at_all", "tools_a cannot be imported: No module named 'nowhere_at_all'"),
    ],
)
def test_a_module_that_cannot_serve_says_why(modules: Path, text: str | None, said: str) -> None:
    if text is not None:
        (modules / "tools_a.py").write_text(text)
    with pytest.raises(ConfigError, match=f"^TOOLS: {said}"):
        load_tools(["tools_a"])


def test_two_tools_of_one_name_are_a_mistake(modules: Path) -> None:
    for module in ("tools_a", "tools_b"):
        (modules / f"{module}.py").write_text(TOOL.format(how="async def", name="weather"))
    with pytest.raises(ConfigError, match="both tools_a and tools_b have a tool weather"):
        load_tools(["tools_a", "tools_b"])


def test_a_tool_that_another_module_imports_is_one(modules: Path) -> None:
    (modules / "tools_a.py").write_text(TOOL.format(how="async def", name="weather"))
    (modules / "tools_b.py").write_text("from tools_a import weather\nalso = weather\n")
    assert len(load_tools(["tools_b"])) == 1


def servers_of(value: str) -> dict[str, tuple[str, str]]:
    servers = load(environ={"MCP_SERVERS": value}).mcp.servers.by_name
    return {name: (server.command, server.url) for name, server in servers.items()}


def test_servers_are_json_or_a_file_of_json_or_yaml(tmp_path: Path) -> None:
    wanted = {"home": ("home-mcp", ""), "far": ("", "https://host/mcp")}
    text = '{"home": {"command": "home-mcp", "args": ["-v"]}, "far": {"url": "https://host/mcp"}}'
    assert servers_of(text) == wanted
    as_json, as_yaml = tmp_path / "mcp.json", tmp_path / "mcp.yaml"
    as_json.write_text(f'{{"mcpServers": {text}}}')
    as_yaml.write_text("home: {command: home-mcp}\nfar:\n  url: https://host/mcp\n")
    assert servers_of(str(as_json)) == servers_of(str(as_yaml)) == wanted


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{"home": {"command": "a", "url": "http://b"}}', "home: needs a command or a url"),
        ('{"home": {"cmd": "a", "env": {"X": "hidden"}}}', "home.cmd: Extra inputs"),
        ('{"home": {"command": "a", "env": {"X": {"y": "hidden"}}}}', "home.env.X: Input should"),
        ('{"home": {"command": "hidden"', "is neither JSON nor YAML"),
        ("/nowhere/hidden.json", "should be JSON or the path of a file: No such file"),
    ],
)
def test_a_wrong_server_is_named_and_nothing_of_it_is_repeated(value: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ={"MCP_SERVERS": value})
    assert f"MCP_SERVERS: {said}" in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_the_keys_of_servers_are_not_shown() -> None:
    text = '{"home": {"url": "https://host/mcp", "headers": {"X-Own": "hidden"}}}'
    settings = load(environ={"MCP_SERVERS": text})
    assert "hidden" not in str(settings.values) + repr(settings)
    [shown] = [value.shown for value in settings.values if value.name == "MCP_SERVERS"]
    assert shown == "home"


def test_other_programs_settings_of_mcp_are_no_mistake() -> None:
    load(environ={"MCP_TIMEOUT": "3"})
