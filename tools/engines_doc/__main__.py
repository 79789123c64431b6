"""`python -m tools.engines_doc`: run the contracts, try the settings, write docs/engines.md."""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.engines_doc import faults, matrix
from tools.engines_doc.document import document
from tools.engines_doc.settings import EXAMPLES, Told, tell, without_example

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "engines.md"
OUTCOMES = ROOT / "build" / "engine-outcomes"
FAULTS = ROOT / "benchmarks" / "results" / "faults-1.json"
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "tools.engines_doc.outcomes")
_STAGES = ("stt", "tts", "llm", "translate")
_COMMANDS = {stage: (*_PYTEST, f"tests/protocol/{stage}") for stage in _STAGES}
"""Side by side, as each waits for most of its time (decision 14)."""


def main() -> int:
    """Run and write; 1 if a test has failed or something is of no table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only-write", action="store_true", help="run no tests: take the last run's outcomes"
    )
    failed = False
    if not parser.parse_args().only_write:
        failed = not run_contracts(_COMMANDS, OUTCOMES)
    files = [OUTCOMES / f"{stage}.json" for stage in _COMMANDS]
    if not all(file.exists() for file in files):
        print("not all tests were run: docs/engines.md stays as it is", file=sys.stderr)
        return 1
    outcomes = [outcome for file in files for outcome in matrix.read(file)]
    told = asyncio.run(_tell_all())
    lacking = [*matrix.missing(outcomes), *(f"{one}: no example" for one in without_example())]
    lacking += [fault for one in told for fault in one.faults]
    if FAULTS.exists():
        fault_table = faults.table(json.loads(FAULTS.read_text()))
    else:
        fault_table = faults.NOT_MEASURED
        lacking.append(f"{FAULTS.relative_to(ROOT)} is missing: run `python -m benchmarks.faults`")
    DOCUMENT.write_text(document(matrix.tables(outcomes), told, fault_table))
    for line in lacking:
        print(line, file=sys.stderr)
    return 1 if failed or lacking else 0


def run_contracts(commands: Mapping[str, Sequence[str]], folder: Path) -> bool:
    """Run tests by name, and have their outcomes written; whether all have passed.

    What each says is shown when it has ended.
    """
    # Those of an earlier run would be taken for those of this one.
    shutil.rmtree(folder, ignore_errors=True)
    with ThreadPoolExecutor(len(commands)) as lanes:
        return all(
            list(lanes.map(lambda name: _run(commands[name], folder / f"{name}.json"), commands))
        )


def _run(command: Sequence[str], outcomes: Path) -> bool:
    with tempfile.TemporaryFile() as said:
        arguments = [*command, "--outcomes", str(outcomes)]
        code = subprocess.call(arguments, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        said.seek(0)
        sys.stdout.buffer.write(said.read())
        sys.stdout.flush()
    return code == 0


async def _tell_all() -> list[Told]:
    # One after the other: the environment is theirs.
    return [await tell(example) for example in EXAMPLES]


if __name__ == "__main__":
    sys.exit(main())
