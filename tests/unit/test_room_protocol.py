"""The page of the protocol, the worker's names and the talk page's are the same."""

import re
from pathlib import Path

from agent import room_protocol

ROOT = Path(__file__).resolve().parents[2]
NAMES = {value for name, value in vars(room_protocol).items() if name.isupper()}
OWN = re.compile(r"\"(rejoinder\.(?!secret|call|known)[a-z_]+|lk\.[a-z._]+)\"")


def test_every_name_is_on_the_page_of_the_protocol() -> None:
    page = (ROOT / "docs" / "room-protocol.md").read_text()
    assert [name for name in sorted(NAMES) if f"`{name}`" not in page] == []


def test_the_talk_page_uses_no_other_names() -> None:
    scripts = (ROOT / "rejoinder" / "web" / "page" / "static").glob("*.js")
    used = {name for script in scripts for name in OWN.findall(script.read_text())}
    assert used
    assert used - NAMES == set()
