"""Two processes write of the same caller at once; the command line shows and deletes it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.memory.opened import opened
from agent.memory.person import phone
from agent.options.memory import MemoryOptions

pytestmark = pytest.mark.timeout(180)

NUMBER = "+49 30 123456"
WRITER = """
import sys
from agent.memory.opened import opened
from agent.memory.known import Refusal
from agent.memory.person import phone
from agent.options.memory import MemoryOptions

url, name = sys.argv[1:]
memory = opened(MemoryOptions.model_validate({"memory": "on", "url": url, "facts": 50}))
person = memory.person(phone("+49 30 123456"))
print("ready", flush=True)
sys.stdin.readline()
memory.store.agree(person)
for number in range(24):
    memory.store.remember(person, f"{name} says {number}.")
memory.store.summarise(person, f"{name} has called.")
"""


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/memory.sqlite3"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "other")
    ]
    for writer in writers:  # both have made the file, the salt and the tables at the same time
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.communicate("go\n")
    assert [writer.returncode for writer in writers] == [0, 0]
    memory = opened(MemoryOptions.model_validate({"url": url}))
    known = memory.store.shown(memory.person(phone(NUMBER)))
    texts = [fact.text for fact in known.facts]
    assert sorted(texts) == sorted(
        f"{name} says {number}." for name in ("one", "other") for number in range(24)
    )
    for name in ("one", "other"):
        own = [text for text in texts if text.startswith(name)]
        assert own == [f"{name} says {number}." for number in range(24)], "in their order"
    assert known.summary in {"one has called.", "other has called."}
    assert len(memory.store.people()) == 1


def rejoinder(folder: Path, *argv: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "MEMORY": "on", "MEMORY_URL": f"sqlite:///{folder}/memory.sqlite3"}
    command = [sys.executable, "-m", "rejoinder", "memory", *argv]
    root = Path(__file__).parents[2]
    return subprocess.run(
        command, env={**env, "PYTHONPATH": str(root)}, input=typed, cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_operator_lists_without_words_and_shows_and_deletes_who_they_name(
    tmp_path: Path,
) -> None:
    options = MemoryOptions.model_validate({"url": f"sqlite:///{tmp_path}/memory.sqlite3"})
    memory = opened(options)
    for known_as, fact in ((phone(NUMBER), "I am Ann."), ("identity:bob", "I am [b]Bob[/b].")):
        memory.store.agree(memory.person(known_as))
        memory.store.remember(memory.person(known_as), fact)
    listed = rejoinder(tmp_path, "list")
    assert listed.returncode == 0, listed.stderr
    assert len(listed.stdout.strip().splitlines()) == 3
    assert not any(word in listed.stdout for word in ("Ann", "Bob", "bob", "123456"))
    shown = rejoinder(tmp_path, "show", "--phone", "(+49) 30-123456")
    assert "I am Ann." in shown.stdout
    asked = rejoinder(tmp_path, "show", typed="bob\n")
    assert "I am [b]Bob[/b]." in asked.stdout
    nobody = rejoinder(tmp_path, "show", NUMBER)  # an identity is no number
    assert (nobody.returncode, nobody.stdout) == (1, "nothing is stored of this person\n")
    assert rejoinder(tmp_path, "delete", "bob").stdout == "deleted\n"
    assert rejoinder(tmp_path, "delete", "bob").returncode == 1
    assert rejoinder(tmp_path, "prune").stdout == "deleted: 0\n"
    assert len(rejoinder(tmp_path, "list").stdout.strip().splitlines()) == 2
    assert rejoinder(tmp_path, "show").returncode == 2  # nothing is typed
    wrong = rejoinder(tmp_path, "show", "--phone", "anonymous")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "rejoinder memory: a telephone's number has three digits" in wrong.stderr
