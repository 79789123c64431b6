"""A real call, recorded with sound: what is in its file, and decided again as it was."""

import asyncio
import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from agent.options.turns import TurnOptions
from agent.recorder.again import decide, reproduces
from agent.recorder.comparison import compare, overlaps, turns
from agent.recorder.recording import Recording, load, pcm_of
from rejoinder import cli
from rejoinder.scripted_caller.microphone import Pcm
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.speech import say
from tests.room.conftest import GREETING, CallAgent

pytestmark = pytest.mark.timeout(90)

RATE_HZ = 48000
NOTICE = "This call is recorded."
COUNT, STOP = "Count for me.", "Tell me something else now."
LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen. " * 2


@pytest.fixture(scope="module")
def recordings(
    standing_in: OpenAIStandIn,
    start_worker: Callable[..., object],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("recorded") / "calls"
    with start_worker(  # type: ignore[attr-defined]
        OPENAI_BASE_URL=standing_in.url, AGENT_NAME="recorded", RECORD="audio",
        AGENT_ISOLATION="thread", RECORD_FOLDER=str(folder),
    ):  # fmt: skip
        yield folder


async def recorded(folder: Path) -> tuple[Path, Recording]:
    """The only call, once its file is complete."""
    async with asyncio.timeout(20):
        while True:
            found = await asyncio.to_thread(lambda: list(folder.glob("*.jsonl.gz")))
            if found:
                recording = await asyncio.to_thread(load, found[0])
                if next(recording.of("end"), None) is not None:
                    return found[0], recording
            await asyncio.sleep(0.2)


def heard_s(recording: Recording, kind: str, rate_hz: int) -> float:
    """How much sound of one side is in the file, seconds."""
    pieces = [pcm for event in recording.of(kind) if (pcm := pcm_of(event.facts)) is not None]
    frames = np.concatenate(pieces).astype(np.float64)
    whole = frames[: len(frames) // 160 * 160].reshape(-1, 160)
    return float((np.sqrt((whole**2).mean(axis=1)) > 300).sum()) * 160 / rate_hz


@pytest.fixture(scope="module")
def sounds() -> tuple[Pcm, Pcm]:
    count, stop = (say(text, rate_hz=RATE_HZ) for text in (COUNT, STOP))
    return count, stop


async def test_a_call_is_recorded_shown_and_decided_again_as_it_was(
    recordings: Path, call_agent: CallAgent, engines: OpenAIStandIn, sounds: tuple[Pcm, Pcm],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    engines.transcribe = lambda request: STOP if engines.of("llm") else COUNT
    engines.reply = lambda messages: "Fine." if "else" in str(messages[-1]) else LONG
    async with call_agent("recorded") as caller:
        await caller.wait_until(lambda: any(c.final for c in caller.log.captions))
        greeting = caller.log.captions[0].text.strip()
        room, identity = caller.room.name, caller.room.local_participant.identity
        began = await caller.wait_for_answer(await caller.say(sounds[0]))
        await asyncio.sleep(max(0.0, began + 2.0 - time.perf_counter()))
        await caller.wait_for_reply(await caller.say(sounds[1]))
        await caller.wait_until(lambda: len(caller.log.turns) == 2)
        reports = caller.log.turns
    file, recording = await recorded(recordings)

    assert greeting == f"{GREETING} {NOTICE}", "the caller is told"
    text = await asyncio.to_thread(lambda: gzip.decompress(file.read_bytes()).decode())
    assert room not in text
    assert room not in file.name
    assert f'"{identity}"' not in text
    assert recording.whole
    assert [event.facts["text"] for event in recording.of("ended")] == [
        COUNT,
        STOP,
    ]
    said = [event.facts for event in recording.of("said")]
    assert [(facts["text"], facts["interrupted"]) for facts in said[::2]] == [
        (f"{GREETING} {NOTICE}", False),
        ("Fine.", False),
    ]
    assert said[1]["interrupted"]
    assert said[1]["text"].startswith("One two three")
    assert [event.facts["total_ms"] for event in recording.of("turn")] == [
        report["total_ms"] for report in reports
    ]
    assert heard_s(recording, "hops", 16000) > 1.0
    assert heard_s(recording, "agent", 24000) > 2.0
    assert "".join(event.facts["text"] for event in recording.of("caption")).startswith(GREETING)

    again = decide(recording)
    assert reproduces(recording, again)
    assert [turn.text for turn in turns(again)] == [COUNT, STOP]
    assert overlaps(again)[-1].outcome == "barge-in"
    slow = decide(recording, TurnOptions(min_silence_s=2.0, min_delay_s=2.0, max_delay_s=3.0))
    later = compare(again, slow)
    assert later.sooner_s is not None
    assert later.sooner_s < -0.5

    out = recordings / "page.html"
    argv = ["replay", str(file), "--out", str(out), "--with", "TURN_MIN_SILENCE_S=0.4"]
    assert await asyncio.to_thread(cli.main, argv) == 0
    assert "with TURN_MIN_SILENCE_S=0.4" in capsys.readouterr().out
    html = await asyncio.to_thread(out.read_text)
    assert STOP in html
    assert room not in html
