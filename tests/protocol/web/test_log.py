"""What `rejoinder web`, the process, writes while a call finds no livekit-server."""

import json
import time
from pathlib import Path

from tests.attacks.web_process import web_process

ROOM = "call-of-joan-smith"


def test_a_line_of_the_log_tells_its_facts_and_nobodys_name(tmp_path: Path) -> None:
    with web_process(tmp_path) as web:
        status, _ = web.post("/api/token", {"room_name": ROOM, "participant_name": "Joan Smith"})
        assert status in (200, 201)
        until = time.monotonic() + 10
        while "livekit-server refused" not in web.log() and time.monotonic() < until:
            time.sleep(0.05)
        said = web.log()
    line = next(line for line in said.splitlines() if "livekit-server refused" in line)
    head, _, facts = line.partition(" {")
    assert "WARNING rejoinder.web.dispatch" in head
    assert json.loads("{" + facts).keys() == {"what", "error"}
    assert "smith" not in said.lower()
