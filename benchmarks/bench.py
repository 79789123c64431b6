"""Runs the scenarios, ours and a plain worker in turn, and writes the results as JSON.

python -m benchmarks.bench
python -m benchmarks.bench --out benchmarks/results/run-2.json
python -m benchmarks.bench --out benchmarks/results/run-2.json --resume
python -m benchmarks.bench --scenario turn --calls 3 --systems ours --out artifacts/try.json
python -m benchmarks.bench --phone
"""

import argparse
import asyncio
import json
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import phone, tables
from benchmarks.cost import REAL
from benchmarks.rig import OURS, PATH, TUNED, VANILLA, Rig, rig
from benchmarks.scenarios import BY_NAME, SCENARIOS, Trial, prepare, takes_part
from benchmarks.texts import OWN, UNSEEN
from benchmarks.voices import available

RESULTS = Path(__file__).parent / "results"
PART = Path("artifacts") / "bench.json"
"""Where less than a whole run goes: the pages are written from whole runs."""
_PARTLY = (
    "scenario", "calls", "systems", "real", "gradio", "streaming", "endpoint", "env", "voices"
)  # fmt: skip
_LIKE = ("delays", "env", "stt", "voices")
"""What a run must have in common with the one that it goes on with."""
DELAYS = {
    "stt": REAL.base_s, "stt_per_s": REAL.per_s, "stt_company": REAL.company,
    "llm": 0.25, "tts": 0.15,
}  # fmt: skip
VOICES = {"own": OWN, "unseen": UNSEEN}


async def run(
    args: argparse.Namespace, out: Path, before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Run what was asked for; returns the record, which is written after each scenario.

    Of `before`, a record that was broken off, the scenarios are kept and not run again.
    """
    before = before or {}
    if before and "scenarios" not in before:
        raise SystemExit(f"{out} does not say what it has; begin anew with another --out")
    trials: list[Trial] = before.get("trials", [])
    done: list[str] = before.get("scenarios", [])
    voices = [voice for voice in VOICES[args.voices] if available(voice)]
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    began = time.time()
    env = dict(pair.split("=", 1) for pair in args.env)
    await asyncio.to_thread(prepare, voices)
    delays = None if args.real else DELAYS
    if args.streaming:
        delays = {name: took_s for name, took_s in DELAYS.items() if name[:3] != "stt"}
        delays["endpoint"] = args.endpoint
    record = {
        "when": before.get("when", began), "delays": delays, "env": env,
        "stt": "stream" if args.streaming else "gradio" if args.gradio else "openai",
        "voices": args.voices,
        "machine": platform.processor() or platform.machine(), "python": platform.python_version(),
        "scenarios": done, "trials": trials,
    }  # fmt: skip
    if before and any(before.get(name) != record[name] for name in _LIKE):
        raise SystemExit(f"{out} was measured otherwise; begin anew with another --out")
    if args.real:
        # The packaged Whisper hears English, and Piper better than flite.
        voices = ["piper"]
    async with rig(
        folder,
        systems=args.systems,
        delays=delays,
        env=env,
        gradio=args.gradio,
        streaming=args.streaming,
    ) as running:
        for name in args.scenario or [name for name in SCENARIOS if name not in BY_NAME]:
            scenario, calls = SCENARIOS[name]
            if name in done:
                continue
            able = [voice for voice in voices if takes_part(voice, name)]
            for number in range(args.calls or calls):
                voice = able[number % len(able)]
                for system in _systems(name, args.systems):
                    trials += await _one(running, system, scenario, voice, number)
            _print(trials, name, _systems(name, args.systems))
            done.append(name)
            record["took_s"] = before.get("took_s", 0.0) + time.time() - began
            await asyncio.to_thread(_write, record, out)
    return record


def _systems(scenario: str, asked: list[str]) -> list[str]:
    return [PATH] if scenario == "path" else asked


async def _one(running: Rig, system: str, scenario: Any, voice: str, number: int) -> list[Trial]:
    try:
        async with asyncio.timeout(150), running.call(system) as caller:
            rows: list[Trial] = await scenario(running, caller, voice, number)
    except (TimeoutError, ExceptionGroup) as error:
        rows = [{"scenario": scenario.__name__, "failed": repr(error)[:300], "voice": voice}]
        print(f"  {system} {scenario.__name__} {voice}: {error!r}", flush=True)
    return [{"system": system, "call": number, **row} for row in rows]


def _print(trials: list[Trial], scenario: str, systems: list[str]) -> None:
    for system in systems:
        rows = [t for t in trials if t["system"] == system and t.get("scenario") == scenario]
        if not rows:
            continue
        keys = [k for k, v in rows[0].items() if isinstance(v, int | float) and k != "call"]
        parts = []
        for key in keys:
            values = sorted(float(r[key]) for r in rows if r.get(key) is not None)
            if values:
                p95 = values[min(len(values) - 1, round(0.95 * (len(values) - 1)))]
                mean = sum(values) / len(values)
                parts.append(f"{key} {statistics.median(values):.0f}/{p95:.0f} mean {mean:.2f}")
        print(f"{scenario:12} {system:8} n={len(rows)}  " + "; ".join(parts), flush=True)


def _write(record: dict[str, Any], out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    part.write_text(dumped(record), "utf-8")
    part.replace(out)


def dumped(record: dict[str, Any]) -> str:
    """JSON with a trial per line and numbers of three digits: it is kept under version control."""
    rows = [json.dumps(rounded(row), ensure_ascii=False) for row in record["trials"]]
    head = json.dumps(rounded({k: v for k, v in record.items() if k != "trials"}), indent=1)
    return head.removesuffix("\n}") + ',\n "trials": [\n' + ",\n".join(rows) + "\n ]\n}\n"


def rounded(value: Any) -> Any:
    """Numbers of three digits after the point."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def _by_phone(calls: int | None, out: Path | None) -> None:
    target = out or (RESULTS / "phone.json" if calls is None else PART.with_name("phone.json"))
    record = asyncio.run(phone.run(calls or phone.CALLS, DELAYS))
    _write(record, target)
    print(f"\n{phone.table(record)}\n\nby {record['phone']}; written: {target}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out",
        type=Path,
        help="default: benchmarks/results/run-1.json, and artifacts/bench.json for a part of a run",
    )
    parser.add_argument(
        "--resume", action="store_true",
        help="go on with a run that was broken off: keep the scenarios that --out has",
    )  # fmt: skip
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--calls", type=int, help="calls per scenario and system")
    parser.add_argument("--systems", nargs="+", default=[VANILLA, TUNED, OURS])
    parser.add_argument(
        "--voices", choices=list(VOICES), default="unseen",
        help="unseen: those that no number was fitted to, people among them where python -m "
        "benchmarks.prompts has fetched them; own: those that the tempo was searched on",
    )  # fmt: skip
    parser.add_argument(
        "--real", action="store_true", help="our Whisper and speech servers, engine handbook"
    )
    parser.add_argument(
        "--gradio", action="store_true", help="the stand-in recogniser behind a Gradio server"
    )
    parser.add_argument(
        "--streaming", action="store_true", help="a recogniser that streams, behind FunASR's wire"
    )
    parser.add_argument(
        "--endpoint", type=float, default=0.8,
        help="with --streaming: silence after which its words become final, seconds",
    )  # fmt: skip
    parser.add_argument(
        "--phone", action="store_true", help="by telephone beside the web: see benchmarks.phone"
    )
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for the workers")
    args = parser.parse_args()
    if args.phone:
        _by_phone(args.calls, args.out)
        return
    partly = any(getattr(args, name) != parser.get_default(name) for name in _PARTLY)
    out: Path = args.out or (PART if partly else RESULTS / "run-1.json")
    before = json.loads(out.read_text("utf-8")) if args.resume and out.exists() else None
    record = asyncio.run(run(args, out, before))
    print(f"\n{tables.comparison([record])}\n\nwritten: {out}")


if __name__ == "__main__":
    main()
