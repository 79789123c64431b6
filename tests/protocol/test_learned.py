"""What one job process learns of an engine, the next one knows: a real fork server."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(90)

CALLS = """
import multiprocessing

from calls import teach, tell

if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["made_before_parting"])
    for _ in range(2):
        call = context.Process(target=teach)
        call.start()
        call.join()
    call = context.Process(target=tell)
    call.start()
    call.join()
"""
MODULES = {
    "made_before_parting": """
from agent.remote.learned import page
from agent.remote.hedging import Pace

page("pace", Pace.BYTES)
""",
    "calls": """
from agent.remote.learned import page
from agent.remote.hedging import Pace

def teach():
    pace = Pace(page("pace", Pace.BYTES))
    for _ in range(5):
        pace.took(0.2)

def tell():
    print("late after", Pace(page("pace", Pace.BYTES)).late_s)
""",
}


def test_a_call_knows_the_pace_that_calls_before_it_have_learned(tmp_path: Path) -> None:
    for name, source in {**MODULES, "main": CALLS}.items():
        (tmp_path / f"{name}.py").write_text(source)
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, str(tmp_path / "main.py")],
        env={"PYTHONPATH": f"{tmp_path}:{root}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.startswith("late after 0.22")
