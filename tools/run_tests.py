"""All tests in three parts: talks side by side, talks that are listened to, the others.

Room and browser tests speak in real time: beside what takes a processor, on two cores, a pause of
0.8 s becomes one of 1.3 s, and an answer has a hole. Where a talk's course is looked at, three run
side by side. Where it is heard and timed, or has real models, a browser or a telephone, it runs
alone. Tests of logic need nothing but a processor and take what those leave, at the lowest priority
there is, one lane beside talks side by side and two beside a talk that is alone; after them so do
lanes of servers. What is left then, servers, and rooms and pages in which nothing is timed, waits
for much of its time: several lanes run side by side. With arguments there is one run: they go to
pytest as they are.
"""

import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

_ROOM, _BROWSER, _SIP = "tests/room", "tests/browser", "tests/sip"
_REAL_TIME = "room and not (patient or heard)"
_HEARD = ("(browser or heard or sip) and not patient", _ROOM, _BROWSER, _SIP)
_LOGIC = "unit or packaging or idle"
_SERVERS = f"not ({_LOGIC} or room or browser)"
_UNITS = sorted(str(path) for path in Path("tests/unit").glob("test_*.py"))
_PROTOCOL, _ATTACKS = "tests/protocol", "tests/attacks"
_MODELS, _STT, _LLM, _TTS = (
    f"{_PROTOCOL}/{room}" for room in ("model_servers", "stt", "llm", "tts")
)
_WEB = tuple(f"{_PROTOCOL}/{room}" for room in ("web", "websearch", "phone", "translate"))
_ATTACKED_MODELS = f"{_ATTACKS}/model_servers"
_LANGUAGE_MODEL = tuple(
    f"{_MODELS}/test_{name}.py" for name in ("llm_server", "llama_process", "documents")
)
_MEETINGS = tuple(str(path) for path in sorted(Path(_BROWSER).glob("test_meeting_*.py")))
_BEGINNING_AND_END = tuple(f"{_ROOM}/test_{name}.py" for name in ("demo", "leaving"))
_WHO_IT_IS = tuple(f"{_ROOM}/test_{name}.py" for name in ("personas", "pictures", "memory"))
_LANES = (
    ("patient", _ROOM, *(f"--ignore={file}" for file in (*_BEGINNING_AND_END, *_WHO_IT_IS))),
    ("patient", *_WHO_IT_IS),
    ("patient", *_BEGINNING_AND_END),
    ("patient", *_MEETINGS),
    (
        *("patient", _BROWSER, f"{_ATTACKS}/test_private_logs.py"),
        *(f"--ignore={file}" for file in _MEETINGS),
    ),
    (_SERVERS, _PROTOCOL, *(f"--ignore={room}" for room in (_MODELS, _STT, _LLM, _TTS, *_WEB))),
    (_SERVERS, *_WEB),
    (_SERVERS, _ATTACKED_MODELS),
    (_SERVERS, _TTS),
    (_SERVERS, _LLM),
    (_SERVERS, _ATTACKS, f"--ignore={_ATTACKED_MODELS}"),
    (_SERVERS, _STT),
    (_SERVERS, _MODELS, *(f"--ignore={file}" for file in _LANGUAGE_MODEL)),
    (_SERVERS, *_LANGUAGE_MODEL),
)
"""The longest first."""
_LOGIC_HALVES = (
    (_LOGIC, *_UNITS[::2]),
    (_LOGIC, *_UNITS[1::2], "tests/packaging", "tests/protocol", "tests/attacks"),
)
_SIDE_BY_SIDE = 4
"""Lanes that two cores serve: each waits for half of its time."""
_LANE_S = 120
"""Longest test of the lanes that run side by side: one that hangs fails, not one that is slow."""
_LOGIC_S = 600
"""The same of tests of logic, which wait for their processor for minutes."""
_NO_DEBUG = ("-o", "asyncio_debug=false")
"""asyncio's debug mode is a fifth of the processor time of a test, and a scripted caller's frames
come late by it. Tests that somebody runs by themselves have it (`make test-unit`)."""
_NO_TESTS = 5
"""pytest's exit code when it has found none."""


def main(arguments: Sequence[str]) -> int:
    """Run pytest; returns 0 only if all tests passed."""
    # Hundreds of processes start: without the compiled files each would compile all it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        return subprocess.call([*pytest, *arguments])
    shown = [*pytest, "--durations=10", *_NO_DEBUG, "-m"]
    courses = _shares(_ROOM, "test_g", "test_k")
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as workers:
        lanes = _Lanes(shown)
        others = [workers.submit(lanes.run)]
        try:
            codes = _side_by_side([[*shown, _REAL_TIME, *share] for share in courses])
            others.append(workers.submit(lanes.run))
            codes.append(subprocess.call([*shown, *_HEARD]))
            print("the others, side by side; each lane is shown at its end", flush=True)
            lanes.give_way_no_more()
            others += [workers.submit(lanes.run) for _ in range(len(others), _SIDE_BY_SIDE)]
            codes += [code for other in others for code in other.result()]
        finally:
            lanes.end()
    return next((code for code in codes if code not in (0, _NO_TESTS)), 0)


def _shares(folder: str, *first: str) -> list[list[str]]:
    """Part a folder's files by their names, each part but one beginning at one of these.

    They take as long as each other; whoever adds a long talk looks again.
    """
    shares: list[list[str]] = [[] for _ in range(len(first) + 1)]
    for file in sorted(Path(folder).glob("test_*.py")):
        shares[sum(file.name >= name for name in first)].append(str(file))
    return shares


def _side_by_side(commands: Sequence[Sequence[str]]) -> list[int]:
    """Run to the ends, the first one seen and the others shown at theirs; gives exit codes."""
    with ThreadPoolExecutor(len(commands)) as others:
        beside = [others.submit(_in_silence, command) for command in commands[1:]]
        return [subprocess.call(list(commands[0])), *(other.result() for other in beside)]


class _Lanes:
    """What runs in lanes, and which has begun; they give way to talks until told otherwise."""

    def __init__(self, shown: Sequence[str]) -> None:
        self._shown = shown
        self._logic = deque(_LOGIC_HALVES)
        self._left = deque(_LANES)
        self._giving_way: list[subprocess.Popen[bytes]] = []
        self._gives_way = True

    def end(self) -> None:
        """Begin no further one, and end what gives way."""
        self._logic.clear()
        self._left.clear()
        for process in self._giving_way:
            process.kill()

    def give_way_no_more(self) -> None:
        """Nothing has to be listened to any more: what gave way has the time that others have."""
        self._gives_way = False
        for process in self._giving_way:
            if process.poll() is None:
                _give_way_no_more(process.pid)

    def run(self) -> list[int]:
        """Run one lane after the other until none is left; gives their exit codes."""
        codes: list[int] = []
        while True:
            try:
                lane = self._next()
            except IndexError:
                return codes
            begun = self._begun if self._gives_way else None
            codes.append(_in_silence(self._command(lane), giving_way=begun))

    def _next(self) -> Sequence[str]:
        """Logic first; of the others the shortest while they give way, then the longest."""
        with suppress(IndexError):
            return self._logic.popleft()
        return self._left.pop() if self._gives_way else self._left.popleft()

    def _command(self, lane: Sequence[str]) -> list[str]:
        limit_s = _LOGIC_S if lane[0] == _LOGIC else _LANE_S
        return [*self._shown, *lane, f"--timeout={limit_s}"]

    def _begun(self, process: subprocess.Popen[bytes]) -> None:
        self._giving_way.append(process)
        if not self._gives_way:
            _give_way_no_more(process.pid)


def _in_silence(
    command: Sequence[str], *, giving_way: Callable[[subprocess.Popen[bytes]], None] | None = None
) -> int:
    """Run to the end, and then show what was said.

    `giving_way`: told of its process, which has the lowest priority then.
    """
    idle = None if giving_way is None else _idle
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdout=said, stderr=said, preexec_fn=idle) as process:
            if giving_way is not None:
                giving_way(process)
            code = process.wait()
        _show(said)
    return code


def _show(said: IO[bytes]) -> None:
    said.seek(0)
    sys.stdout.buffer.write(said.read())
    sys.stdout.flush()


def _idle() -> None:
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):  # macOS has none, and some sandboxes forbid it
        os.nice(19)


def _give_way_no_more(pid: int) -> None:
    """Have a process, and all that it has started, the time that others have."""
    with suppress(psutil.Error, AttributeError, OSError):  # a user may not always raise it
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            for thread in one.threads():
                os.sched_setscheduler(thread.id, os.SCHED_OTHER, os.sched_param(0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
