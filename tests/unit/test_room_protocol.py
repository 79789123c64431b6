"""The page of the protocol, the worker's names and the talk page's are the same."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from agent import room_protocol

ROOT = Path(__file__).resolve().parents[2]
CONSTANTS = {name: value for name, value in vars(room_protocol).items() if name.isupper()}
NAMES = set(CONSTANTS.values())
OWN = re.compile(r"\"(rejoinder\.(?!secret|call|known)[a-z_]+|lk\.[a-z._]+)\"")
PAGE = ROOT / "docs" / "room-protocol.md"


def rows() -> list[tuple[list[str], str, str]]:
    """Of the page's table: names, what they are, since when."""
    section = PAGE.read_text("utf-8").split("\n## Names\n")[1].split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| ")
    ]
    _, *found = [(re.findall(r"`([^`]+)`", row[0]), row[1], row[-1]) for row in cells]
    return found


def on_the_page(kind: str) -> set[str]:
    return {name for names, what, _ in rows() if kind in what for name in names}


def test_the_table_has_every_name_of_the_code_and_no_other() -> None:
    assert on_the_page("") == NAMES
    assert all(since for names, _, since in rows() if names)


@pytest.mark.parametrize("kind", ["stream", "attribute", "procedure", "metadata"])
def test_the_table_says_of_each_name_what_it_is(kind: str) -> None:
    topics = {value for name, value in CONSTANTS.items() if name.startswith("TOPIC_")}
    listed = {
        "stream": {name for names, what, _ in rows() if what.endswith(("stream", "streams"))
                   and "attribute" not in what for name in names},
        "attribute": on_the_page("attribute"),
        "procedure": on_the_page("procedure"),
        "metadata": on_the_page("metadata"),
    }  # fmt: skip
    in_metadata = {room_protocol.BEAT, room_protocol.HISTORY}
    meant = {
        "stream": topics,
        "attribute": NAMES - topics - registered() - in_metadata,
        "metadata": in_metadata,
        "procedure": registered(),
    }
    assert listed[kind] == meant[kind]


@cache
def registered() -> frozenset[str]:
    """Names of all procedures that the agent answers, as its sources register them."""
    found: set[str] = set()
    sources = [file.read_text("utf-8") for file in (ROOT / "agent").rglob("*.py")]
    for source in sources:
        if "register_rpc_method" not in source and "def methods" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            names: list[ast.expr | None] = []
            if isinstance(node, ast.FunctionDef) and node.name == "methods":
                names = [key for d in ast.walk(node) if isinstance(d, ast.Dict) for key in d.keys]
            elif isinstance(node, ast.Call) and _called(node) == "register_rpc_method":
                names = [node.args[0]]
            found |= {CONSTANTS[n.id] for n in names if isinstance(n, ast.Name) and n.id.isupper()}
    return frozenset(found)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def test_the_talk_page_uses_no_other_names() -> None:
    scripts = (ROOT / "rejoinder" / "web" / "page" / "static").glob("*.js")
    used = {name for script in scripts for name in OWN.findall(script.read_text())}
    assert used
    assert used - NAMES == set()
