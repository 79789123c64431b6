"""Turns at a server, between tasks and between processes."""

import asyncio
import sys
from pathlib import Path

import pytest

from agent.remote.one_at_a_time import OneAtATime

ROOT = Path(__file__).parents[2]
_HOLDER = """
import asyncio
from agent.remote.one_at_a_time import OneAtATime

async def hold():
    turns = OneAtATime("http://gpu-box:9880")
    async with turns.turn():
        turns.note = "from another process"
        print("holding", flush=True)
        await asyncio.sleep(3600)

asyncio.run(hold())
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


async def test_turns_of_two_calls_follow_each_other_and_other_servers_are_free() -> None:
    one, same, other = (OneAtATime(name) for name in ("a", "a", "b"))
    order: list[str] = []

    async def take(turns: OneAtATime, name: str) -> None:
        async with turns.turn():
            order.append(f"{name} begins")
            await asyncio.sleep(0.03)
            order.append(f"{name} ends")

    async with one.turn():
        async with asyncio.TaskGroup() as group:
            group.create_task(take(other, "other"))
        waiting = asyncio.create_task(take(same, "same"))
        await asyncio.sleep(0.05)
        assert order == ["other begins", "other ends"]
    await waiting
    assert order[2:] == ["same begins", "same ends"]
    for turns in (one, same, other):
        turns.close()
        turns.close()


async def test_who_stops_waiting_takes_no_turn() -> None:
    one, same = OneAtATime("a"), OneAtATime("a")

    async def take() -> None:
        async with same.turn():
            pytest.fail("it was not its turn")

    async with one.turn():
        waiting = asyncio.create_task(take())
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with one.turn():
        pass
    one.close()
    same.close()


async def test_a_process_that_dies_leaves_its_turn_and_its_note() -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLDER, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"holding\n"
    turns = OneAtATime("http://gpu-box:9880")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), turns.turn():
            pytest.fail("it was not its turn")
    holder.kill()
    await holder.wait()
    async with asyncio.timeout(5), turns.turn():
        assert turns.note == "from another process"
        turns.note = "shorter"
        assert turns.note == "shorter"
    turns.close()


async def test_without_a_place_for_the_file_a_process_keeps_its_own_turns(
    folder: Path,
) -> None:
    (folder / "rejoinder").touch()
    turns = OneAtATime("a")
    async with turns.turn():
        turns.note = "mine"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), turns.turn():
                pytest.fail("it was not its turn")
    async with turns.turn():
        assert turns.note == "mine"
