"""A pytest plug-in that writes down what became of each test, with the contract that it is of.

    pytest -p tools.engines_doc.outcomes --outcomes FILE tests/protocol/stt

The file is a JSON list of objects, one a test: `file`, `cls`, `test` (without its parameters),
`contract` (the class that demands it; empty: it is the engine's own), `contracts` (all that its
class inherits, the narrowest first), `params` (its parameters; modules by their names), `outcome`
(passed, failed, skipped, not run) and `reason`.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType

import pytest


@dataclass
class Outcome:
    """One test."""

    file: str
    cls: str
    test: str
    contract: str = ""
    contracts: list[str] = field(default_factory=list)
    params: list[str] = field(default_factory=list)
    outcome: str = "not run"
    reason: str = ""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The file."""
    parser.addoption("--outcomes", type=Path, help="file that outcomes are written into, JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Write down only where somebody asked for it."""
    target = config.getoption("--outcomes")
    if target is not None:
        config.pluginmanager.register(Recorder(target.resolve()))


class Recorder:
    """Keeps the outcomes of a run."""

    def __init__(self, target: Path) -> None:
        """They are written into `target` at the end."""
        self._target = target
        self._outcomes: dict[str, Outcome] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take down all that is to be run."""
        for item in session.items:
            if isinstance(item, pytest.Function):
                self._outcomes[item.nodeid] = _described(item)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take down what became of one."""
        outcome = self._outcomes.get(report.nodeid)
        if outcome is None or (report.when != "call" and report.passed):
            return
        # A fault of its set-up or of its end is one of the test.
        if outcome.outcome != "failed":
            outcome.outcome = report.outcome
        if report.skipped and isinstance(report.longrepr, tuple):
            outcome.reason = report.longrepr[2].removeprefix("Skipped: ")

    def pytest_sessionfinish(self) -> None:
        """Write them."""
        self._target.parent.mkdir(parents=True, exist_ok=True)
        rows = [asdict(outcome) for outcome in self._outcomes.values()]
        self._target.write_text(json.dumps(rows, indent=1) + "\n")


def _described(item: pytest.Function) -> Outcome:
    file = item.path.relative_to(item.config.rootpath).as_posix()
    name = item.originalname
    outcome = Outcome(file, item.cls.__name__ if item.cls is not None else "", name)
    given = item.callspec.params.values() if hasattr(item, "callspec") else ()
    outcome.params = [one.__name__ if isinstance(one, ModuleType) else str(one) for one in given]
    if item.cls is None:
        return outcome
    owners = [base for base in item.cls.__mro__ if name in vars(base)]
    shared = [base for base in item.cls.__mro__ if base.__module__.endswith("contract")]
    outcome.contracts = [base.__name__ for base in shared]
    if demanding := [base for base in owners if base in shared]:
        outcome.contract = demanding[-1].__name__
    return outcome
