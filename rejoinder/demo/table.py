"""What the demo prints when it is ready: what serves, why, and where everything is."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from agent.masking import masked_text
from rejoinder.demo.livekit_server import Found
from rejoinder.demo.plan import Plan

_NAME_CELLS = 16


def ready_lines(plan: Plan, *, server: Found | None, logs: Path, width: int) -> list[Text]:
    """The short table, a line for each fact: stages with reasons, then addresses.

    Lines are never broken here, so that a path or an address can be copied from the terminal.

    Args:
        plan: what runs.
        server: the livekit-server that was started; None when it is elsewhere.
        logs: folder of the children's logs.
        width: cells of the terminal; a remark that does not fit gets a line of its own.
    """
    if server is None:
        livekit = "LIVEKIT_URL is set; nothing local was started"
    else:
        livekit = describe_server(server)
    rows: list[tuple[str, str, str, str]] = [
        (stage.name, stage.serves, "", stage.why) for stage in plan.stages
    ]
    rows.append((plan.page, plan.talk_url, "bold green", ""))
    rows.append(("LiveKit", masked_text(plan.livekit_url), "", livekit))
    rows += [("", line, "yellow", "") for line in (passed_over_lines(server) if server else ())]
    rows += [(name, url, "", "") for name, url in plan.model_servers]
    rows.append(("Logs", str(logs), "", ""))
    playground = "all lines for its .env.local: rejoinder playground"
    rows.append(("Playground", f"NEXT_PUBLIC_LIVEKIT_URL={plan.livekit_url}", "", playground))
    lines = []
    for name, fact, style, remark in rows:
        line = Text(f"{name:<{_NAME_CELLS}}", style="bold") + Text(fact, style=style or "not bold")
        if remark:
            apart = "  " if line.cell_len + len(remark) + 2 <= width else "\n" + " " * _NAME_CELLS
            line += Text(f"{apart}{remark}", style="not bold dim")
        lines.append(line)
    return lines


def describe_server(server: Found) -> str:
    """One line: which livekit-server, and from where."""
    return f"livekit-server {server.version} from {server.source} ({server.binary})"


def passed_over_lines(server: Found) -> list[str]:
    """Why earlier candidates were passed over, for those that a person asked for."""
    return [
        f"passed over: {attempt.source}: {attempt.reason}"
        for attempt in server.passed_over
        if attempt.source in ("LIVEKIT_SERVER_BIN", "PATH")
        and attempt.reason not in ("not set", "no livekit-server there")
    ]


def print_ready(
    console: Console, plan: Plan, *, server: Found | None, logs: Path, took_s: float
) -> None:
    """Print the table, in a frame of blank lines."""
    console.print()
    for line in ready_lines(plan, server=server, logs=logs, width=console.width):
        console.print(line, soft_wrap=True, highlight=False)
    console.print(
        f"\nReady after {took_s:.1f} s. Ctrl-C ends everything.", highlight=False, soft_wrap=True
    )
