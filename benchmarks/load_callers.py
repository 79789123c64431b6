"""Some of the callers of `benchmarks.load`, in a process of their own.

Reads {"url", "tokens", "numbers", "apart_s", "rest_s", "flood"}, joins, prints "ready", talks after
the next line, prints what was measured, and leaves after one more, or at the end of its input. To
whom no agent comes has lost all answers. A process of Python keeps about three callers in time.
With `flood` they measure nothing: they speak and type without a pause.
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from benchmarks.rig import calling
from benchmarks.texts import EN
from benchmarks.voices import Spoken, speak
from rejoinder.scripted_caller.caller import Caller

TURNS = 4
_FRAME_S = 0.050
"""Callers share the processor with the worker that is measured: five times fewer wake-ups."""
_LOST_S = 20.0
"""An answer that has not come by then is counted as lost."""


_TYPED_EVERY_S, _TYPED = 0.05, "Tell me more about this and that, and about all the rest. " * 30


async def talk(
    caller: Caller, number: int, spoken: Spoken, *, apart_s: float = 0.0, rest_s: float = 0.0
) -> tuple[list[float], list[float]]:
    """Ask some questions, every second one over the answer to the one before.

    Args:
        caller: who asks.
        number: of the caller: no two keep the same time.
        spoken: what is asked.
        apart_s: how long after the caller before this one it begins; 0: somewhen within 3 s.
        rest_s: how long nothing is said after each second answer.

    Returns:
        Voice-to-voice and times until silent, in milliseconds.
    """
    answered: list[float] = []
    silenced: list[float] = []
    await asyncio.sleep(number * apart_s if apart_s else number * 0.7 % 3)
    for step in range(TURNS):
        utterance = await caller.say(spoken.pcm)
        try:
            await caller.wait_for_answer(utterance, timeout_s=_LOST_S)
        except TimeoutError:
            continue
        measured = caller.measure(utterance)
        if measured.voice_to_voice_ms is not None:
            answered.append(measured.voice_to_voice_ms)
        if measured.barge_in_ms is not None:
            silenced.append(measured.barge_in_ms)
        if step % 2:
            await caller.hearing.wait_for_silence(lasting_s=1.2 + 0.17 * ((number + step) % 5))
            await asyncio.sleep(rest_s)
        else:
            await asyncio.sleep(0.9 + 0.13 * (number % 5))
    return answered, silenced


async def flood(caller: Caller, spoken: Spoken, over: asyncio.Event) -> None:
    """Speak without a pause, and type twenty messages of two kilobytes a second, until `over`."""

    async def speak_on() -> None:
        while not over.is_set():
            await caller.say(spoken.pcm)

    async with asyncio.TaskGroup() as group:
        group.create_task(speak_on(), name="speak")
        while not over.is_set():
            await caller.type(_TYPED)
            await asyncio.sleep(_TYPED_EVERY_S)


async def main() -> None:
    """Do what standard input says."""
    told = json.loads(await asyncio.to_thread(sys.stdin.readline))
    # One script serves all callers: they ask the same, each in its own time.
    spoken = await asyncio.to_thread(speak, EN.questions[0], voice="piper")
    async with AsyncExitStack() as stack:
        callers: list[tuple[Caller, int]] = []
        for token, number in zip(told["tokens"], told["numbers"], strict=True):
            call = calling(told["url"], token, frame_s=_FRAME_S)
            try:
                callers.append((await stack.enter_async_context(call), number))
            except* TimeoutError:
                pass  # no agent came
        print("ready", flush=True)
        if await asyncio.to_thread(sys.stdin.readline) == "":
            return
        if told["flood"]:
            await _flood_until_told(callers, spoken)
            return
        results = await asyncio.gather(
            *(
                talk(*caller, spoken, apart_s=told["apart_s"], rest_s=told["rest_s"])
                for caller in callers
            )
        )
        print(json.dumps(results), flush=True)
        await asyncio.to_thread(sys.stdin.readline)


async def _flood_until_told(callers: list[tuple[Caller, int]], spoken: Spoken) -> None:
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for caller, number in callers:
            group.create_task(flood(caller, spoken, over), name=f"flood-{number}")
        await asyncio.to_thread(sys.stdin.readline)
        # Not cancelled: the native library does not survive a message that is half sent.
        over.set()


if __name__ == "__main__":
    asyncio.run(main())
