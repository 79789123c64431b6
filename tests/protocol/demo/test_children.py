"""The supervisor with real processes: readiness, deaths, Ctrl-C, and its own sudden death."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from agent.errors import StartupError
from rejoinder.demo.children import ChildDied, Spec, Supervisor
from rejoinder.demo.readiness import both, http_ok, log_says
from testbed.waiting import PATIENCE_S, until
from tests.fakes.processes import alive

WITH_GRANDCHILD = 'sleep 60 & echo "grandchild $!"; echo ready; wait'
STUBBORN = "trap '' TERM; sleep 60 & echo \"grandchild $!\"; echo ready; while :; do sleep 1; done"


def shell(command: str, *, name: str = "child", patience_s: float = 10.0) -> Spec:
    return Spec(
        name,
        ("/bin/sh", "-c", command),
        dict(os.environ),
        log_says("(?m)^ready"),
        patience_s=patience_s,
    )


def grandchild(log: Path) -> int:
    found = re.search(r"grandchild (\d+)", log.read_text())
    assert found is not None
    return int(found[1])


@asynccontextmanager
async def program(logs: Path, *commands: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A supervisor in a process of its own, ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.supervised", str(logs), *commands,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(15):
            assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_child_is_ready_when_its_page_answers_200_and_tells_what_it_waits_for(
    tmp_path: Path,
) -> None:
    server = (
        "import http.server, json\n"
        "left = [1, 1]\n"
        "class Page(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(503 if left else 200); self.end_headers()\n"
        "        if left: left.pop(); self.wfile.write(json.dumps({'step': 'loading', "
        "'progress': 1 - len(left) / 2}).encode())\n"
        "server = http.server.HTTPServer(('127.0.0.1', 0), Page)\n"
        "print('listening', server.server_port, flush=True)\n"
        "server.serve_forever()\n"
    )
    told: list[tuple[str, float | None]] = []
    async with Supervisor(tmp_path) as supervisor:
        argv = (sys.executable, "-c", server)
        await supervisor.start(Spec("first", argv, {}, log_says(r"listening \d+")))
        port = int((tmp_path / "first.log").read_text().split()[1])
        waiting = Spec(
            "second", ("/bin/sh", "-c", "echo up; sleep 60"), {},
            both(http_ok(f"http://127.0.0.1:{port}/"), log_says("up")),
        )  # fmt: skip
        await supervisor.start(waiting, lambda text, fraction: told.append((text, fraction)))
    assert told[0] == ("starting", None)
    # A look that the page did not answer in time says that it starts.
    steps = [step for step in told if step != ("starting", None)]
    assert steps == [("loading", 0.5), ("loading", 1.0)]


async def test_a_child_that_dies_before_it_is_ready_is_named_with_code_and_last_lines(
    tmp_path: Path,
) -> None:
    async with Supervisor(tmp_path) as supervisor:
        with pytest.raises(ChildDied) as caught:
            await supervisor.start(
                shell("seq 1 40; echo no such model >&2; exit 3", name="whisper")
            )
    message = str(caught.value)
    assert message.startswith("whisper ended by itself (exit code 3); the last lines of ")
    assert str(tmp_path / "whisper.log") in message
    assert message.endswith("  | 40\n  | no such model")
    assert "  | 20\n" not in message, "only the last lines"


async def test_a_child_that_dies_later_is_named_with_its_signal(tmp_path: Path) -> None:
    async with Supervisor(tmp_path) as supervisor:
        await supervisor.start(shell("echo ready; sleep 60", name="steady"))
        await supervisor.start(
            shell("echo ready; sleep 0.5; echo boom; kill -SEGV $$", name="crasher")
        )
        child = await asyncio.wait_for(supervisor.first_to_end(), 5)
        death = await child.death()
    assert death.name == "crasher"
    assert "crasher ended by itself (exit code 139, SIGSEGV)" in str(death)
    assert death.last_lines[-1] == "boom"


async def test_a_command_that_does_not_exist_is_named(tmp_path: Path) -> None:
    async with Supervisor(tmp_path) as supervisor:
        with pytest.raises(ChildDied, match=r"exit code 127(.|\n)*/no/such/program cannot be run"):
            await supervisor.start(Spec("x", ("/no/such/program",), {}, log_says("ready")))


async def test_a_child_without_progress_is_given_up_and_its_last_state_told(
    tmp_path: Path,
) -> None:
    async with Supervisor(tmp_path) as supervisor:
        with pytest.raises(StartupError) as caught:
            await supervisor.start(shell("echo loading model; sleep 60", patience_s=3.0))
    assert re.match(
        r"child is not ready and showed no progress for 3 s; last state: starting; "
        r"the last lines of .*child\.log:\n  \| loading model",
        str(caught.value),
    )


async def test_a_child_that_makes_progress_may_take_longer_than_its_patience(
    tmp_path: Path,
) -> None:
    async def answer(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked < 8:
            return web.json_response({"step": "loading", "progress": asked / 8}, status=503)
        return web.Response(text="OK")

    asked = 0
    app = web.Application()
    app.router.add_get("/ready", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/ready"
    try:
        async with Supervisor(tmp_path) as supervisor:
            began = time.perf_counter()
            await supervisor.start(
                Spec("slow", ("/bin/sleep", "60"), {}, http_ok(url), patience_s=0.4)
            )
            assert time.perf_counter() - began > 0.4
    finally:
        await runner.cleanup()


async def test_a_growing_log_counts_as_progress_where_that_was_said(tmp_path: Path) -> None:
    bar = "for i in $(seq 25); do echo $i; sleep 0.1; done; echo ready; sleep 60"
    patient = replace(shell(bar, patience_s=1.5), log_is_progress=True)
    async with Supervisor(tmp_path) as supervisor:
        with pytest.raises(StartupError, match="no progress"):
            await supervisor.start(replace(patient, log_is_progress=False))
    async with Supervisor(tmp_path) as supervisor:
        await supervisor.start(patient)


async def test_leaving_ends_children_and_grandchildren_last_started_first(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    tidy = "trap 'echo {} >> \"{}\"; exit 0' TERM; {}"
    async with Supervisor(tmp_path) as supervisor:
        for name in ("one", "two", "three"):
            command = tidy.format(name, ends, WITH_GRANDCHILD.replace("wait", "wait; wait"))
            await supervisor.start(shell(command, name=name))
        pids = [grandchild(tmp_path / f"{name}.log") for name in ("one", "two", "three")]
        assert all(map(alive, pids))
    assert ends.read_text().split() == ["three", "two", "one"]
    await until(lambda: not any(map(alive, pids)))


async def test_children_that_ignore_the_request_are_killed_in_time(tmp_path: Path) -> None:
    async with Supervisor(tmp_path) as supervisor:
        for index in range(4):
            await supervisor.start(shell(STUBBORN, name=f"stubborn-{index}"))
        pids = [grandchild(tmp_path / f"stubborn-{index}.log") for index in range(4)]
        began = time.perf_counter()
    assert time.perf_counter() - began < 5.0
    await until(lambda: not any(map(alive, pids)))


async def test_what_a_dead_child_leaves_behind_is_killed(tmp_path: Path) -> None:
    async with Supervisor(tmp_path) as supervisor:
        await supervisor.start(shell('sleep 60 & echo "grandchild $!"; echo ready; sleep 0.2'))
        await asyncio.wait_for(supervisor.first_to_end(), 5)
        left = grandchild(tmp_path / "child.log")
        assert alive(left)
    await until(lambda: not alive(left))


async def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    await supervisor.start(shell(WITH_GRANDCHILD))
    await supervisor.stop()
    await supervisor.stop()
    await until(lambda: not alive(grandchild(tmp_path / "child.log")))


async def test_cancelling_a_start_leaves_no_process(tmp_path: Path) -> None:
    began = asyncio.Event()
    slow = shell(WITH_GRANDCHILD.replace("echo ready; ", ""))
    async with Supervisor(tmp_path) as supervisor:
        starting = asyncio.create_task(supervisor.start(slow, lambda *_: began.set()))
        await began.wait()
        await until(lambda: "grandchild" in (tmp_path / "child.log").read_text())
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
    await until(lambda: not alive(grandchild(tmp_path / "child.log")))


@pytest.mark.parametrize(
    ("number", "second"),
    [
        (signal.SIGINT, STUBBORN),
        (signal.SIGTERM, WITH_GRANDCHILD),
        (signal.SIGHUP, WITH_GRANDCHILD),
    ],
    ids=["SIGINT with a child that ignores SIGTERM", "SIGTERM", "SIGHUP"],
)
async def test_a_stop_signal_ends_everything_soon(
    tmp_path: Path, number: signal.Signals, second: str
) -> None:
    async with program(tmp_path, WITH_GRANDCHILD, second) as process:
        pids = [grandchild(tmp_path / f"child-{index}.log") for index in range(2)]
        process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()
        assert process.returncode == 0
        await until(lambda: not any(map(alive, pids)))


async def test_killing_the_supervisor_itself_leaves_no_process(tmp_path: Path) -> None:
    async with program(tmp_path, WITH_GRANDCHILD, STUBBORN) as process:
        pids = [grandchild(tmp_path / f"child-{index}.log") for index in range(2)]
        assert all(map(alive, pids))
        process.kill()
        await process.wait()
        await until(lambda: not any(map(alive, pids)))
