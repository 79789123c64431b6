"""Writes the results into docs/latency.md, docs/phone.md and README.md, and the plots beside them.

    python -m benchmarks.report            # what benchmarks/results/ holds
    python -m benchmarks.report --check    # exits 1 when a page does not show it

Several runs of the same kind are shown side by side, so that the noise is visible.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import phone, tables
from benchmarks.measures import Record
from benchmarks.tempo import tables as tempo_tables

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "latency.md"
PHONE_PAGE = ROOT / "docs" / "phone.md"
README = ROOT / "README.md"
COMPARED = ("gradio", "stream", "stream-soon", "real")
_ELSEWHERE = {
    *("whisper_batching", "first_token", "readback", "timeout_s", "measured", "latest_s"),
    *("collections", "survival", "telephone_words", "phone"),
}
"""What records have that docs/latency.md does not tell of."""
_SOON_S = 0.3
"""A stream whose words are final after less silence than this knows the end before a plain worker
does."""


def load_results(folder: Path) -> dict[str, list[Any]]:
    """Read all records of a folder, oldest first, by what they are of."""
    kinds: dict[str, list[Any]] = {
        "runs": [], "tempo": [], "gradio": [], "stream": [], "stream-soon": [],
        "real": [], "eagerness": [], "load": [], "network": [], "flood": [],
    }  # fmt: skip
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text("utf-8"))
        if not _ELSEWHERE.isdisjoint(record):
            continue
        if "tempo" in record:
            kinds["tempo"].append(record)
        elif "load" in record:
            kinds["load"] = record["load"]
        elif "flood" in record:
            kinds["flood"] = record["flood"]
        elif "network" in record:
            kinds["network"].append(record)
        elif "TURN_EAGERNESS" in record["env"]:
            kinds["eagerness"].append(record)
        elif record.get("stt") == "gradio":
            kinds["gradio"].append(record)
        elif record.get("stt") == "stream":
            soon = record["delays"]["endpoint"] < _SOON_S
            kinds["stream-soon" if soon else "stream"].append(record)
        elif record["delays"] is None:
            kinds["real"].append(record)
        else:
            kinds["runs"].append(record)
    for name in ("runs", *COMPARED):
        kinds[name].sort(key=lambda record: record["when"])
    return kinds


def sections(results: dict[str, list[Any]]) -> dict[str, str]:
    """The generated parts of docs/latency.md, by the name of their marker."""
    runs: list[Record] = results["runs"]
    made = {}
    if runs:
        made["comparison"] = tables.comparison(runs)
        made["scorecard"] = tables.duplex(runs)
        if any(trial.get("scenario") == "path" for run in runs for trial in run["trials"]):
            made["path"] = tables.path(runs)
    for name in COMPARED:
        if results[name]:
            made[name] = tables.comparison(results[name])
    if results["eagerness"]:
        made["eagerness"] = tables.eagerness(results["eagerness"])
    if results["tempo"]:
        made |= tempo_tables.sections(results["tempo"][-1])
    if results["load"]:
        made["load"] = tables.load(results["load"])
    if results["flood"]:
        made["flood"] = tables.flood(results["flood"])
    if results["network"]:
        made["network"] = tables.network(results["network"][-1])
    return made


def by_phone(folder: Path) -> dict[str, str]:
    """The generated part of docs/phone.md; none where nothing was measured by telephone."""
    path = folder / "phone.json"
    return {"phone": phone.table(json.loads(path.read_text("utf-8")))} if path.is_file() else {}


def fill(text: str, made: dict[str, str]) -> str:
    """Put each part between its markers.

    Raises:
        ValueError: a marker is missing.
    """
    for name, body in made.items():
        begin, end = f"<!-- benchmark: {name} -->", f"<!-- end: {name} -->"
        head, found, rest = text.partition(begin)
        if not found or end not in rest:
            raise ValueError(f"no place for {name}: {begin} … {end}")
        text = f"{head}{begin}\n\n{body}\n\n{end}{rest.partition(end)[2]}"
    return text


def main() -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if stale")
    args = parser.parse_args()
    results = load_results(args.results)
    if not results["runs"]:
        print(f"no run of benchmarks.bench in {args.results}", file=sys.stderr)
        return 1
    pages = {
        PAGE: fill(PAGE.read_text("utf-8"), sections(results)),
        PHONE_PAGE: fill(PHONE_PAGE.read_text("utf-8"), by_phone(args.results)),
        README: fill(README.read_text("utf-8"), {"headline": tables.headline(results["runs"])}),
    }
    stale = [page for page, text in pages.items() if page.read_text("utf-8") != text]
    if args.check:
        for page in stale:
            print(f"{page.name} does not show benchmarks/results: run this without --check")
        return 1 if stale else 0
    for page in stale:
        page.write_text(pages[page], "utf-8")
    from benchmarks import plots

    plots.dots(results["runs"], PAGE.parent / "latency.svg")
    plots.waterfall(results["runs"], PAGE.parent / "waterfall.svg")
    interpreter = args.results / "interpreter-1.json"
    if interpreter.is_file():
        measured = json.loads(interpreter.read_text("utf-8"))["measured"]
        plots.interpreter(measured, PAGE.parent / "interpreter-lag.svg")
    names = ", ".join(str(page.relative_to(ROOT)) for page in pages)
    print(f"written: {names}, docs/latency.svg, waterfall.svg, interpreter-lag.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
