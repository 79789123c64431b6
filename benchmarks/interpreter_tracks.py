"""What a room of eight costs on this machine: processor time of the worker for each track.

    python -m benchmarks.interpreter_tracks

Captions in one further language, the engines of `benchmarks.interpreter` in a process of their own,
so that what is measured is the worker's own work: decoding, its ears, captions. Eight microphones
in a quiet room (noise at -60 dBFS), then two of them speaking at the same time. Beside it a program
that does nothing but take eight such tracks with the SDK. Writes
benchmarks/results/interpreter-tracks-1.json.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import aiohttp
import psutil
from livekit import rtc

from benchmarks.interpreter import RESULTS, SENTENCES, script, worker
from benchmarks.rig import FRAME_S, OURS
from benchmarks.voices import speak
from rejoinder.scripted_caller.caller import Caller, join
from testbed.caption_reader import reading
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from testbed.programs import running

TRACKS = 8
SPEAKING = {"person-0": (6, "piper"), "person-1": (8, "flite:slt")}
"""Who says which sentence, by which voice."""
_LOOK_S = 20.0
_SETTLED_S = 5.0
_FRAME_MS = 50


def spent_s(pid: int) -> float:
    """Processor time of a process and its children so far, seconds."""
    parent = psutil.Process(pid)
    total = 0.0
    for process in (parent, *parent.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


async def share(pid: int, *, during_s: float) -> float:
    """Share of one core that a process and its children take."""
    before, began = spent_s(pid), time.perf_counter()
    await asyncio.sleep(during_s)
    return (spent_s(pid) - before) / (time.perf_counter() - began)


async def listen(url: str, token: str) -> None:
    """Take every track of a room, and do nothing with it, until cancelled."""
    room = rtc.Room()

    async def hear(track: rtc.Track) -> None:
        stream = rtc.AudioStream.from_track(
            track=track, sample_rate=16000, num_channels=1, frame_size_ms=_FRAME_MS
        )
        async for _ in stream:
            pass

    async with asyncio.TaskGroup() as tasks:
        room.on("track_subscribed", lambda track, *_: tasks.create_task(hear(track)))
        await room.connect(url, token)
        print("listening", flush=True)
        await asyncio.Event().wait()


async def _join_all(stack: AsyncExitStack, livekit: LiveKitProcess, room: str) -> dict[str, Caller]:
    people = {}
    for number in range(TRACKS):
        token = livekit.token(room, f"person-{number}")
        person = await stack.enter_async_context(join(livekit.url, token, frame_s=FRAME_S))
        [microphone] = person.room.local_participant.track_publications.values()
        await microphone.wait_for_subscription()
        people[f"person-{number}"] = person
    return people


async def bare(folder: Path) -> float:
    """What the SDK alone takes for a track."""
    with ExitStack() as programs:
        async with AsyncExitStack() as stack:
            livekit = await stack.enter_async_context(run_livekit(livekit_binary(), folder))
            token = livekit.token("bare", "listener")
            argv = [sys.executable, "-m", "benchmarks.interpreter_tracks", "--listen"]
            env = {"LIVEKIT_URL": livekit.url, "LIVEKIT_TOKEN": token}
            program = programs.enter_context(running("bare", argv, folder=folder, env=env))
            await asyncio.to_thread(program.wait_line, "listening")
            alone = await share(program.popen.pid, during_s=_SETTLED_S)
            await _join_all(stack, livekit, "bare")
            await asyncio.sleep(_SETTLED_S)
            return (await share(program.popen.pid, during_s=_LOOK_S) - alone) / TRACKS


async def ours(folder: Path) -> dict[str, float]:
    """What the worker takes for a track in silence, and for one that speaks."""
    with ExitStack() as programs:
        async with AsyncExitStack() as stack:
            livekit = await stack.enter_async_context(run_livekit(livekit_binary(), folder))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            argv = [sys.executable, "-m", "benchmarks.interpreter_engines"]
            env = {"PYTHONUNBUFFERED": "1"}
            program = programs.enter_context(running("engines", argv, folder=folder, env=env))
            engines = json.loads(await asyncio.to_thread(program.wait_line, '{"url"'))
            command, env = worker(OURS, livekit, engines)
            env["AGENT_MODE"] = "captions"
            program = programs.enter_context(running(OURS, command, folder=folder, env=env))
            await asyncio.to_thread(program.wait_line, "registered worker")
            token = livekit.token("tracks", "reader", dispatch=OURS)
            reader = await stack.enter_async_context(reading(livekit.url, token))
            await reader.until(lambda: bool(reader.room.remote_participants))
            await asyncio.sleep(_SETTLED_S)
            alone = await share(program.popen.pid, during_s=_SETTLED_S)
            people = await _join_all(stack, livekit, "tracks")
            await asyncio.sleep(_SETTLED_S)
            silent = await share(program.popen.pid, during_s=_LOOK_S)
            said = {
                who: await asyncio.to_thread(speak, SENTENCES[number], voice=voice)
                for who, (number, voice) in SPEAKING.items()
            }
            await script(http, engines["url"], *said.values())
            for who, spoken in said.items():
                people[who].microphone.say(spoken.pcm)
            shortest_s = min(spoken.last for spoken in said.values())
            speaking = await share(program.popen.pid, during_s=shortest_s)
            return {
                "job": alone,
                "silent_track": (silent - alone) / TRACKS,
                "speaking_track": (silent - alone) / TRACKS + (speaking - silent) / len(said),
            }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().listen:
        asyncio.run(listen(os.environ["LIVEKIT_URL"], os.environ["LIVEKIT_TOKEN"]))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(ours(Path(folder)))
    with tempfile.TemporaryDirectory() as folder:
        found["sdk_alone_silent_track"] = asyncio.run(bare(Path(folder)))
    cpu = {name: round(value, 4) for name, value in found.items()}
    result = {"measured": cpu, "tracks": TRACKS, "began": time.strftime("%Y-%m-%d")}
    (RESULTS / "interpreter-tracks-1.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
