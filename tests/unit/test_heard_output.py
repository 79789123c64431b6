"""Captions and history of replies whose text and audio begin and end in odd orders."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString

from agent.playout.heard_output import Playout
from tests.fakes import virtual_time
from tests.fakes.playing import RATE_HZ, Captions, finished, rig

WORDS = "One two three four five. "


def spoken(text: str | None = WORDS, seconds: float = 1.5) -> rtc.AudioFrame:
    pcm = np.full(round(seconds * RATE_HZ), 9000, np.int16)
    frame = rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm))
    marks = [TimedString(text, start_time=0.0)] if text else []
    frame.userdata[USERDATA_TIMED_TRANSCRIPT] = marks
    return frame


def run(scene: Coroutine[Any, Any, None]) -> None:
    virtual_time.run(scene)


async def next_reply_is_whole(playout: Playout, captions: Captions, ended: list[Any]) -> None:
    """Whatever came before, nothing of it is in the next reply, nor of that one missing."""
    before, count = captions.text, len(ended)
    await playout.audio.capture_frame(spoken())
    playout.audio.flush()
    playout.text.flush()
    await asyncio.sleep(5.0)
    assert captions.text == before + WORDS
    assert [event.synchronized_transcript for event in ended[count:]] == [WORDS]


def test_a_reply_that_is_cancelled_between_its_text_and_its_first_sample_is_not_shown() -> None:
    async def talk() -> None:
        _, voice, playout, captions, following = await rig()
        ended = finished(playout)
        await playout.text.capture_text("Never heard. ")
        playout.audio.flush()
        playout.audio.clear_buffer()
        playout.text.flush()
        await asyncio.sleep(1.0)
        assert (captions.text, ended) == ("", [])
        await next_reply_is_whole(playout, captions, ended)
        following.cancel()
        await asyncio.wait({following})
        await voice.aclose()

    run(talk())


@pytest.mark.parametrize("text_first", [True, False])
def test_a_reply_without_a_sample_is_shown_whole_in_brackets(text_first: bool) -> None:
    """The framework hands its text over after the audio has ended, or before."""

    async def talk() -> None:
        _, voice, playout, captions, following = await rig()
        ended = finished(playout)

        async def text() -> None:
            await playout.text.capture_text("Not a ")
            await playout.text.capture_text("word. ")
            playout.text.flush()

        if text_first:
            await text()
        playout.audio._mark_input_truncated()
        playout.audio.flush()
        await asyncio.sleep(0.5)
        if not text_first:
            await text()
        await asyncio.sleep(0.5)
        assert captions.text == "[Not a word.] "
        assert captions.segments == 1
        # Its apology, say: it was cut by what was left of the failure.
        await next_reply_is_whole(playout, captions, ended)
        following.cancel()
        await asyncio.wait({following})
        await voice.aclose()

    run(talk())


def test_text_that_ends_after_its_reply_was_stopped_does_not_end_the_next_one() -> None:
    async def talk() -> None:
        _, voice, playout, captions, following = await rig()
        ended = finished(playout)
        await playout.audio.capture_frame(spoken())
        await asyncio.sleep(0.7)
        playout.audio.flush()
        playout.audio.clear_buffer()
        playout.text.flush()
        await asyncio.sleep(0.5)
        assert [event.interrupted for event in ended] == [True]
        assert WORDS.startswith(captions.text)
        playout.audio.flush()  # the next one has no voice, and its text comes late
        await asyncio.sleep(0.5)
        await playout.text.capture_text("Late. ")
        playout.text.flush()
        await asyncio.sleep(0.5)
        assert captions.text.endswith("[Late.] ")
        await next_reply_is_whole(playout, captions, ended)
        following.cancel()
        await asyncio.wait({following})
        await voice.aclose()

    run(talk())


def test_captions_that_the_room_does_not_take_are_bounded_and_do_not_hold_the_voice() -> None:
    class Stuck(Captions):
        async def capture_text(self, text: str) -> None:
            await asyncio.Event().wait()

    async def talk() -> None:
        source, voice, _, _, following = await rig()
        following.cancel()
        await asyncio.wait({following})
        playout = Playout(voice=voice, text=Stuck())
        running = [asyncio.create_task(playout.run()), asyncio.create_task(voice.run())]
        ended = finished(playout)
        for _ in range(60):
            await playout.audio.capture_frame(spoken(seconds=0.5))
            playout.audio.flush()
            playout.text.flush()
            await asyncio.sleep(1.0)
        assert len(ended) == 60
        assert len(source.heard()) == 60 * RATE_HZ // 2
        assert len(playout._outbox) <= 16
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await voice.aclose()

    run(talk())
