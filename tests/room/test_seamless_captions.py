"""SeamlessM4T's demo in one step, Mandarin into English, captions alone: four lines of settings."""

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from livekit import rtc

from rejoinder.scripted_caller.caller import join
from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm
from testbed.caption_reader import reading
from testbed.livekit_process import LiveKitProcess
from testbed.speech import say
from tests.fakes.gradio_process import GradioProcess, gradio_process

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

_GRADIO45 = Path(__file__).parents[1] / "fakes" / "gradio45" / ".venv" / "bin" / "python"
WORDS = "the first train to the north leaves at nine in the morning"


@pytest.fixture(params=["6", "4.5"])
def gradio(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GradioProcess]:
    python = sys.executable if request.param == "6" else str(_GRADIO45)
    if not Path(python).exists():
        message = "the environment with Gradio 4.5 is missing; get it with: make gradio45"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with gradio_process([python], tmp_path) as process:
        process.script(words=WORDS)
        yield process


@pytest.fixture
def said() -> Pcm:
    """What it says does not matter: the stand-in counts words."""
    return say("We will meet in front of the old town hall.", rate_hz=RATE_HZ)


async def test_mandarin_is_written_in_english_by_the_recogniser_alone(
    livekit: LiveKitProcess,
    start_worker: Callable[..., ExitStack],
    gradio: GradioProcess,
    said: Pcm,
) -> None:
    room = f"room-{secrets.token_hex(4)}"
    with start_worker(
        AGENT_NAME="seamless",
        AGENT_MODE="captions",
        STT_ENGINE="gradio",
        STT_URL=gradio.open,
        STT_LANGUAGE="zh",
    ):
        token = livekit.token(room, "reader", dispatch="seamless")
        async with (
            reading(livekit.url, token) as reader,
            join(livekit.url, livekit.token(room, "ann")) as ann,
        ):
            [microphone] = ann.room.local_participant.track_publications.values()
            assert isinstance(microphone, rtc.LocalTrackPublication)
            await microphone.wait_for_subscription()
            ann.microphone.say(said)
            await reader.until(lambda: len(reader.text().split()) >= 3, within_s=60)
            found = reader.final()
    assert {(s.kind, s.language, s.speaker) for s in found} == {("translation", "en", "ann")}
    text = reader.text().replace(".", "")  # sound with a gap is two sentences
    assert WORDS.startswith(text)
    assert {tuple(call["args"]) for call in gradio.calls()} == {("Mandarin Chinese", "English")}
    assert {call["api"] for call in gradio.calls()} == {"/s2tt"}
