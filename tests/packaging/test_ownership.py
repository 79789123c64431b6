"""The import names `agent` and `model_servers` are generic: nobody else may own them here."""

from importlib.metadata import distributions
from pathlib import Path

import agent
import model_servers

ROOT = Path(__file__).resolve().parents[2]
OURS = ("agent", "model_servers", "rejoinder", "testbed", "tests", "deploy", "tools", "benchmarks")


def test_no_other_distribution_ships_a_top_level_folder_of_ours() -> None:
    owners = {
        (file.parts[0], distribution.metadata["Name"])
        for distribution in distributions()
        if distribution.metadata["Name"] != "rejoinder"
        for file in distribution.files or []
        if file.parts[0] in OURS and file.suffix == ".py"
    }
    assert not owners


def test_the_packages_imported_are_those_of_this_checkout() -> None:
    assert Path(agent.__file__).parent == ROOT / "agent"
    assert Path(model_servers.__file__).parent == ROOT / "model_servers"
