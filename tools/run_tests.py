"""All tests in three parts: talks side by side, talks that are listened to, the others.

Room and browser tests speak in real time: beside what takes a processor, on two cores, a pause of
0.8 s becomes one of 1.3 s, and an answer has a hole. Where a talk's course is looked at, three run
side by side. Where it is heard and timed, or has real models, a browser or a telephone, two do.
Tests of logic need nothing but a processor and take what those leave, at the lowest priority there
is; so do lanes of servers beside the two. What is left then, rooms and pages in which nothing is
timed among it, waits for much of its time: several lanes run side by side. With arguments there is
one run: they go to pytest as they are.
"""

import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

_ROOM, _BROWSER, _SIP = "tests/room", "tests/browser", "tests/sip"
_REAL_TIME = "room and not (patient or heard)"
_HEARD = "(browser or heard or sip) and not patient"
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
)
"""The longest first."""
_LOGIC_HALVES = (
    (_LOGIC, *_UNITS[::2]),
    (_LOGIC, *_UNITS[1::2], "tests/packaging", "tests/protocol", "tests/attacks"),
)
_FILLING = (
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
"""Lanes that take what time a talk leaves; those that are left at its end come with the others."""
_FILLED = 1
"""How many of them at a time, beside logic; with two, talks that are heard failed now and then."""
_SIDE_BY_SIDE = 4
"""Lanes that two cores serve: each waits for more than half of its time."""
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
    rooms = _files(_ROOM)
    courses = _shares(rooms, "test_g", "test_k")
    heard = _shares(rooms, "test_f")
    heard[0] += [_BROWSER]
    heard[1] += [_SIP]
    with ThreadPoolExecutor(_SIDE_BY_SIDE + 1) as workers:
        lanes = _Lanes(shown)
        # One after the other: beside talks a second lane made holes in what they heard.
        logic = workers.submit(lanes.give_way, _LOGIC_HALVES)
        try:
            codes = _side_by_side([[*shown, _REAL_TIME, *share] for share in courses])
            working = [
                workers.submit(lanes.run, beside_talk=number < _FILLED)
                for number in range(_SIDE_BY_SIDE)
            ]
            codes += _side_by_side([[*shown, _HEARD, *share] for share in heard])
            print("the others, side by side; each lane is shown at its end", flush=True)
            lanes.begin()
            codes += [code for worker in working for code in worker.result()]
            codes += logic.result()
        finally:
            lanes.end()
    return next((code for code in codes if code not in (0, _NO_TESTS)), 0)


def _files(folder: str) -> list[str]:
    return sorted(str(path) for path in Path(folder).glob("test_*.py"))


def _shares(files: Sequence[str], *first: str) -> list[list[str]]:
    """Part files by their names, each part but one beginning at one of these.

    They take as long as each other; whoever adds a long talk looks again.
    """
    shares: list[list[str]] = [[] for _ in range(len(first) + 1)]
    for file in files:
        shares[sum(Path(file).name >= name for name in first)].append(file)
    return shares


def _side_by_side(commands: Sequence[Sequence[str]]) -> list[int]:
    """Run to the ends, the first one seen and the others shown at theirs; gives exit codes."""
    with ThreadPoolExecutor(len(commands)) as others:
        beside = [others.submit(_in_silence, command) for command in commands[1:]]
        return [subprocess.call(list(commands[0])), *(other.result() for other in beside)]


class _Lanes:
    """What runs in lanes, and which of it has begun."""

    def __init__(self, shown: Sequence[str]) -> None:
        self._shown = shown
        self._others, self._filling = deque(_LANES), deque(_FILLING)
        self._may_begin = threading.Event()
        self._giving_way: list[subprocess.Popen[bytes]] = []
        self._ended = False

    def begin(self) -> None:
        """Nothing has to be listened to any more: all lanes may run, and give way no longer."""
        self._may_begin.set()
        for process in self._giving_way:
            if process.poll() is None:
                _give_way_no_more(process.pid)

    def end(self) -> None:
        """Begin no further one, and end what gives way."""
        self._ended = True
        self._others.clear()
        self._filling.clear()
        self._may_begin.set()
        for process in self._giving_way:
            process.kill()

    def give_way(self, lanes: Sequence[Sequence[str]]) -> list[int]:
        """Run lanes from the first minute on, one after the other; gives their exit codes."""
        codes = []
        for lane in lanes:
            if not self._ended:
                codes.append(_in_silence(self._command(lane), giving_way=self._begun))
        return codes

    def run(self, *, beside_talk: bool) -> list[int]:
        """Run one lane after the other; gives their exit codes.

        `beside_talk`: also before all may begin, with what time the processor has.
        """
        codes = []
        while beside_talk or self._may_begin.wait():
            idle = not self._may_begin.is_set()
            try:
                lane = (self._filling if idle or not self._others else self._others).popleft()
            except IndexError:
                if not idle:
                    break
                beside_talk = False
                continue
            command = self._command(lane)
            codes.append(_in_silence(command, giving_way=self._begun if idle else None))
        return codes

    def _command(self, lane: Sequence[str]) -> list[str]:
        limit_s = _LOGIC_S if lane[0] == _LOGIC else _LANE_S
        return [*self._shown, *lane, f"--timeout={limit_s}"]

    def _begun(self, process: subprocess.Popen[bytes]) -> None:
        """Take a lane that gives way; it does so no longer than until all may begin."""
        self._giving_way.append(process)
        if self._may_begin.is_set():
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
