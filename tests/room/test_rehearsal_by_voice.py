"""A rehearsal by voice: a real server, worker and recogniser, and a caller who speaks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.livekit_process import livekit_binary

ROOT = Path(__file__).parents[2]
PATIENCE_S = 200.0
SCRIPT = """\
persona: receptionist
model:
  - {when: message, say: "Gladly. What is your name?"}
talks:
  - title: Heard and spoken
    caller: {identity: eve, name: Eve, attributes: {sip.phoneNumber: "+49301234567"}}
    turns:
      - expect: {contains: help you, persona: receptionist}
      - say: I would like to leave a message.
        expect: {contains: your name, prompt_has: offer to take, within_s: 60, no_tool: true}
      - choose: mentor
        expect: {contains: mind, persona: mentor}
"""

pytestmark = [pytest.mark.timeout(PATIENCE_S + 40), pytest.mark.heard]


def test_turns_are_spoken_and_replies_are_read_and_timed(tmp_path: Path) -> None:
    path, found = tmp_path / "voice.rehearsal.yaml", tmp_path / "found.json"
    path.write_text(SCRIPT, "utf-8")
    own = {"LIVEKIT_SERVER_BIN": livekit_binary(), "XDG_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, "-m", "rejoinder", "rehearse", "--voice", str(path), "--json", str(found)],
        cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, timeout=PATIENCE_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (rehearsal,) = json.loads(found.read_text("utf-8"))["rehearsals"]
    greeting, message, mentor = rehearsal["turns"]
    assert greeting["first_word_s"] is None
    assert message["first_word_s"] > 0, "from voice to voice"
    skipped = [f["expected"] for f in message["findings"] if f["outcome"] == "skipped"]
    assert skipped == ["no tool"]
    assert mentor["said"] == "(asks for mentor)"
