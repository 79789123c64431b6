"""`rejoinder check`: what is set, and whether everything they name works."""

import argparse
import asyncio
import importlib
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import get_args

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.errors import RejoinderError
from agent.masking import masked_text
from agent.memory.opened import opened
from agent.options.tools import BuiltIn, McpServer
from agent.options.web_search import WebSearchOptions
from agent.settings.checking import import_engine, price_of, probe_engine
from agent.settings.engines import TABLES
from agent.settings.hosting import is_hosted
from agent.settings.load import Settings, StageChoice, apply_env_file, load
from agent.settings.reading import Value
from agent.survival.history_copy import ping
from agent.tools.modules import load_tools
from rejoinder.demo import places, running
from rejoinder.demo.livekit_api import ANSWER_S, list_rooms
from rejoinder.demo.livekit_server import Found, locate
from rejoinder.demo.table import describe_server, passed_over_lines

_PROBE_S = 20.0
"""An engine that has not shown by then whether it works does not work for a call."""
_NO_CALLS = (
    "the handbook calls none of these tools but switch_persona and end_call: the others take a "
    "model, LLM_URL or another LLM_ENGINE (docs/tools.md)"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the result."""

    what: str
    works: bool
    text: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is shown, and whether to contact anybody."""
    parser.add_argument(
        "--all", action="store_true", help="show also the settings that are at their default"
    )
    parser.add_argument(
        "--offline", action="store_true", help="print all settings and contact nothing"
    )


def run(args: argparse.Namespace) -> int:
    """Print settings and findings; returns 0 only if all work."""
    settings = load()
    apply_env_file()  # boto3 reads its own names from the environment
    console = Console()
    _print_settings(console, settings, everything=args.all or args.offline)
    if args.offline:
        return 0
    for stage in TABLES:
        for choice in getattr(settings, stage):
            import_engine(stage, choice)
    tools = load_tools(settings.tools.tools)
    findings = asyncio.run(examine(settings))
    costs = asyncio.run(what_is_paid(settings))
    console.print()
    for finding in findings:
        mark = "[green]works[/green]" if finding.works else "[red]fails[/red]"
        console.print(
            f"{mark}  [bold]{finding.what}[/bold]: {escape(masked_text(finding.text))}",
            highlight=False,
            soft_wrap=True,
        )
    for what, names in (("built in", get_args(BuiltIn)), ("TOOLS", [tool.id for tool in tools])):
        if names:
            line = f"tools  [bold]{what}[/bold]: {', '.join(names)}"
            console.print(line, highlight=False, soft_wrap=True)
    if (tools or settings.mcp.servers.by_name) and _calls_none(settings):
        console.print(f"note: {_NO_CALLS}", highlight=False, soft_wrap=True)
    for what, price in costs:
        console.print(f"costs  [bold]{what}[/bold]: {price}", highlight=False, soft_wrap=True)
    return 0 if all(finding.works for finding in findings) else 1


def _calls_none(settings: Settings) -> bool:
    return bool(settings.llm) and all(choice.engine == "handbook" for choice in settings.llm)


async def examine(settings: Settings, *, probe_s: float = _PROBE_S) -> list[Finding]:
    """Contact LiveKit, all chosen engines, databases and servers of tools at the same time.

    Each has `probe_s` seconds.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_livekit(settings), name="check-livekit")]
        for stage in TABLES:
            choices: tuple[StageChoice, ...] = getattr(settings, stage)
            for choice in choices:
                what = f"{stage.upper()} {choice}{_place(choice, choices)}"
                probing = _limited(what, probe_engine(stage, choice), probe_s)
                tasks.append(group.create_task(probing, name=f"check-{stage}"))
        if settings.web_search.on:
            what = f"WEB_SEARCH {settings.web_search.web_search}"
            probing = _limited(what, _probe_search(settings.web_search), probe_s)
            tasks.append(group.create_task(probing, name="check-web-search"))
        if settings.memory.memory == "on":
            looking = _limited("MEMORY", _memory(settings), probe_s)
            tasks.append(group.create_task(looking, name="check-memory"))
        if settings.agent.history_url is not None:
            asking = _limited("AGENT_HISTORY_URL", ping(settings.agent.history_url), probe_s)
            tasks.append(group.create_task(asking, name="check-history"))
        for name, server in settings.mcp.servers.by_name.items():
            probing = _limited(f"MCP {name}", _tools_of(server), probe_s)
            tasks.append(group.create_task(probing, name=f"check-mcp-{name}"))
    return [task.result() for task in tasks]


async def what_is_paid(settings: Settings) -> list[tuple[str, str]]:
    """What each engine costs that is somebody else's or has a price; contacts nobody."""
    found: list[tuple[str, str]] = []
    for stage in TABLES:
        choices: tuple[StageChoice, ...] = getattr(settings, stage)
        for choice in choices:
            try:
                price = await price_of(stage, choice, settings.prices)
            except Exception:  # noqa: BLE001 - why it cannot be made was said above
                continue
            if price is not None:
                found.append((f"{stage.upper()} {choice}", str(price)))
            elif is_hosted(choice):
                said = "no price is known: a line in PRICES_FILE tells it (docs/costs.md)"
                found.append((f"{stage.upper()} {choice}", said))
    return found


def _place(choice: StageChoice, choices: Sequence[StageChoice]) -> str:
    """What an engine is in its list."""
    if len(choices) == 1:
        return ""
    return ", first choice" if choice is choices[0] else ", standing by"


async def _limited(what: str, probe: Awaitable[str], limit_s: float) -> Finding:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(limit_s):
            said = await probe
    except TimeoutError:
        return Finding(what, False, f"no answer within {limit_s:g} s")
    except RejoinderError as error:
        return Finding(what, False, str(error))
    except Exception as error:  # noqa: BLE001 - engines from elsewhere raise what they like
        return Finding(what, False, f"{type(error).__name__}: {error}")
    return Finding(what, True, f"{said} ({(time.perf_counter() - began) * 1000:.0f} ms)")


async def _probe_search(options: WebSearchOptions) -> str:
    # What it imports takes seconds where no engine has brought it.
    probing = await asyncio.to_thread(importlib.import_module, "agent.websearch.probing")
    return str(await probing.probe(options))


async def _tools_of(server: McpServer) -> str:
    """Start or reach an MCP server, and name its tools."""
    from agent.tools.mcp_servers import McpTools

    tools = McpTools(server, timeout_s=_PROBE_S)
    await tools.connect()
    await tools.aclose()
    refused = f"; no model takes the names {', '.join(tools.nameless)}" if tools.nameless else ""
    return f"tools {', '.join(tool.id for tool in tools.tools)}{refused}"


async def _livekit(settings: Settings) -> Finding:
    livekit = settings.livekit
    if livekit.url is None:
        return await _local_livekit(settings)
    if not (livekit.api_key and livekit.api_secret):
        return Finding("LiveKit", False, "set LIVEKIT_API_KEY and LIVEKIT_API_SECRET")
    key, secret = livekit.api_key, livekit.api_secret.get_secret_value()
    return await _limited("LiveKit", list_rooms(livekit.url, key, secret), ANSWER_S + 1)


async def _memory(settings: Settings) -> str:
    people = await asyncio.to_thread(lambda: opened(settings.memory).store.people())
    return f"the database serves; people that are remembered: {len(people)}"


async def _local_livekit(settings: Settings) -> Finding:
    found = await locate(settings.livekit, cache=places.cache_folder())
    demo = await asyncio.to_thread(running.latest, places.state_folder())
    if not isinstance(found, Found):
        tried = "; ".join(f"{attempt.source}: {attempt.reason}" for attempt in found)
        return Finding(
            "LiveKit",
            False,
            f"LIVEKIT_URL is not set and no livekit-server is here ({tried}); "
            "`rejoinder setup` fetches one",
        )
    lines = [f"the demo would start {describe_server(found)}", *passed_over_lines(found)]
    if demo is not None:
        lines.insert(0, f"a demo runs at {demo.livekit_url}")
    return Finding("LiveKit", True, "; ".join(lines))


def _print_settings(console: Console, settings: Settings, *, everything: bool) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("setting", "value", "from"):
        table.add_column(heading, overflow="fold")
    values: dict[str, Value] = {}
    for value in settings.values:
        values.setdefault(value.name, value)
    shown = [value for value in values.values() if everything or value.origin != "default"]
    for value in shown:
        style = "dim" if value.origin == "default" else ""
        table.add_row(value.name, escape(value.shown), escape(value.origin), style=style)
    if shown:
        console.print(table)
    if left := len(values) - len(shown):
        console.print(f"{left} settings are at their default: rejoinder check --all", style="dim")
    for stage in TABLES:
        choices: tuple[StageChoice, ...] = getattr(settings, stage)
        if not choices:
            continue
        line = f"{stage.upper()}: {', then '.join(map(str, choices))} ({choices[0].why})"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for note in settings.notes:
        console.print(f"note: {note}", markup=False, highlight=False)
