"""The whole product as a person meets it: `rejoinder demo`, its page, a voice, a spoken answer."""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from testbed.speech import say
from tests.browser.page_driver import browser, open_page
from tests.fakes.demo_process import DemoProcess, demo
from tests.fakes.node_program import client_library

pytestmark = pytest.mark.timeout(240)

MIC_RATE_HZ = 48000
GREETED_S = 9.0
"""Silence before the question: the page joins and the greeting is spoken meanwhile."""


@pytest.fixture(scope="module")
def running_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    client_library()
    with demo(tmp_path_factory.mktemp("demo"), STT_TIMEOUT_S="20", TTS_TIMEOUT_S="20") as process:
        process.wait_ready()
        yield process


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Silence, then a question."""
    question = say("Can I interrupt you while you speak?", rate_hz=MIC_RATE_HZ)
    silence = np.zeros(int(GREETED_S * MIC_RATE_HZ), np.float32)
    path = tmp_path_factory.mktemp("microphone") / "question.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(MIC_RATE_HZ)
        samples = np.concatenate([silence, question, silence])
        wav.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


async def test_a_question_spoken_into_the_browser_is_answered_aloud_and_in_writing(
    running_demo: DemoProcess, microphone: Path
) -> None:
    async with (
        browser(speech=microphone) as chromium,
        open_page(chromium, running_demo.talk_url) as talk,
    ):
        await talk.start()
        await talk.wait_for_sound("agent")
        greeting = await talk.wait_for_message("I am the guide to Rejoinder.")
        asked = await talk.wait_for_message("interrupt you", timeout_ms=30_000)
        await talk.wait_for_state("Speaking", timeout_ms=30_000)
        await talk.wait_for_sound("agent")
        await talk.screenshot("demo-speaking")
        answer = await talk.wait_for_message("you may interrupt", timeout_ms=60_000)
        await talk.wait_for_state("Listening", timeout_ms=60_000)
        await talk.screenshot("demo-answered")
        lines = await talk.conversation()

    assert greeting.who == "agent"
    assert asked.who == "you"
    assert answer.who == "agent"
    answered = next(line for line in lines if "you may interrupt" in line.text)
    assert "barge-in.md" in answered.source
    for stage in ("end of turn", "recognition", "answer", "voice"):
        assert stage in answered.waterfall
    assert talk.errors == []


async def test_the_persona_that_is_chosen_answers_and_hands_over(
    running_demo: DemoProcess,
) -> None:
    async with browser() as chromium, open_page(chromium, running_demo.talk_url) as talk:
        await talk.page.get_by_role("radio", name="Philosophical mentor").check()
        await talk.start()
        await talk.wait_for_sound("agent")
        await talk.wait_for_message("What is on your mind?")
        assert await talk.page.locator(".who").all_inner_texts() == ["Philosophical mentor"]
        await talk.mute()
        await talk.page.get_by_label("Who speaks").select_option("receptionist")
        await talk.wait_for_message("Receptionist has taken over.")
        await talk.wait_for_message("how can I help you?")
        assert talk.errors == []
