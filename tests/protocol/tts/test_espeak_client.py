"""The worker's end of an espeak-ng process, without the engine around it."""

import asyncio
import sys

import pytest

from agent.tts.espeak.client import Child

SCRIPTED = (sys.executable, "-m", "tests.protocol.tts.scripted_child")


async def test_a_process_that_ends_by_itself_is_left_to_do_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A signal would take its exit status, and asyncio would warn of an unknown process."""
    for _ in range(5):
        child = await Child.start([*SCRIPTED, "nothing"])
        await child.aclose()
    assert caplog.text == ""


async def test_a_process_that_does_not_end_is_killed() -> None:
    child = await Child.start([*SCRIPTED, "deaf"])
    await child.aclose()
    assert not child.alive
    await child.aclose()


async def test_a_process_that_does_not_end_is_killed_by_a_cancelled_task_too() -> None:
    """Before Python 3.11.3, asyncio.timeout raises CancelledError in such a task."""
    child = await Child.start([*SCRIPTED, "deaf"])
    closed = False

    async def use() -> None:
        nonlocal closed
        try:
            await asyncio.Event().wait()
        finally:
            await child.aclose()
            closed = True

    using = asyncio.create_task(use(), name="use")
    await asyncio.sleep(0)
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using
    assert closed
    assert not child.alive


async def test_a_process_is_killed_when_nobody_waits_for_its_end_any_more() -> None:
    child = await Child.start([*SCRIPTED, "deaf"])
    closing = asyncio.create_task(child.aclose(), name="close")
    await asyncio.sleep(0.05)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert not child.alive
    await child.aclose()
