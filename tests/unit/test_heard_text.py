"""From the engine's audio to the history: never a word that the caller has not heard begin.

The real way of a reply: text, pieces, the engine, the framework's adapter, the track.
"""

import asyncio
import random
from collections.abc import AsyncIterator

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, USERDATA_TIMED_TRANSCRIPT
from livekit.agents.utils import aio
from livekit.agents.voice import io

from agent.audio.streams import at_rate
from agent.playout.caption import Caption
from agent.playout.heard_output import Playout
from agent.playout.voice_track import VoiceTrack
from agent.tts.spoken_reply import ReplyVoice
from agent.wording.markup import Markup
from agent.wording.reader import Reader, preload_words
from agent.wording.sentences import SentenceTokenizer
from agent.wording.spoken_form import SpokenForm
from testbed import tones
from tests.fakes import virtual_time
from tests.fakes.playing import RATE_HZ, finished, rig

TEXT = (
    "Certainly, that is easy to explain. Every part of the system works while you speak, so "
    "that the answer is ready when you are. You may interrupt me whenever you like, and I will "
    "stop. Is it not so? "
)


preload_words()


class Voice(tts.TTS):
    """An engine of the fakes' tones: a word takes 0.3 s, whatever its letters."""

    def __init__(self, *, rate_hz: int, first_s: float, pace: float) -> None:
        """`pace`: seconds it takes for a second of speech."""
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=rate_hz, num_channels=1
        )
        self.first_s, self.pace = first_s, pace
        self.said: list[str] = []

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        self.said.append(text)
        return _Speech(tts=self, input_text=text, conn_options=conn_options)


class _Speech(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        voice = self._tts
        assert isinstance(voice, Voice)
        rate_hz = voice.sample_rate
        output_emitter.initialize(
            request_id="speech", sample_rate=rate_hz, num_channels=1, mime_type="audio/pcm"
        )
        await asyncio.sleep(voice.first_s)
        pcm = tones.speak(range(len(self.input_text.split())), rate_hz=rate_hz)
        size = rate_hz // 10 * 2
        for at in range(0, len(pcm), size):
            output_emitter.push(pcm[at : at + size])
            await asyncio.sleep(0.1 * voice.pace)


async def _speak(
    playout: Playout,
    engine: Voice,
    track: VoiceTrack,
    *,
    spare: Voice | None = None,
    reply: str = TEXT,
) -> None:
    """What the framework and the agent of a call do with a reply."""
    reader = Reader("en")
    adapter = ReplyVoice(
        SpokenForm(engine, reader),
        spare=SpokenForm(spare, reader) if spare is not None else None,
        tokenizer=SentenceTokenizer(),
        track=track,
    )
    texts = aio.Chan[io.TimedString]()

    async def caption() -> None:
        async for text in texts:
            if text:
                await playout.text.capture_text(text)

    captioning = asyncio.create_task(caption())
    try:
        async with adapter.stream() as stream:
            stream.push_text(reply)
            stream.end_input()

            async def spoken() -> AsyncIterator[rtc.AudioFrame]:
                async for event in stream:
                    yield event.frame

            async for frame in at_rate(spoken(), RATE_HZ):
                marks = [
                    Caption(reader.read(text), text.start_time) if text else text
                    for text in frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
                ]
                frame.userdata[USERDATA_TIMED_TRANSCRIPT] = marks
                for text in marks:
                    texts.send_nowait(text)
                await playout.audio.capture_frame(frame)
    except asyncio.CancelledError:
        playout.audio.flush()
        playout.audio.clear_buffer()
        raise
    else:
        playout.audio.flush()
    finally:
        texts.close()
        await asyncio.wait({captioning})
        playout.text.flush()


@pytest.mark.parametrize("rate_hz", [24000, 22050])
@pytest.mark.parametrize("pace", [0.1, 0.8])
@pytest.mark.parametrize("seed", range(15))
def test_no_word_is_kept_that_had_not_begun(seed: int, pace: float, rate_hz: int) -> None:
    async def talk() -> None:
        source, track, playout, captions, following = await rig()
        ended = finished(playout)
        engine = Voice(rate_hz=rate_hz, first_s=0.15, pace=pace)
        speaking = asyncio.create_task(_speak(playout, engine, track))
        await asyncio.sleep(0.4 + random.Random(seed).uniform(0.0, 14.0))
        if seed % 2:
            playout.audio.clear_buffer()
        speaking.cancel()
        await asyncio.wait({speaking})
        playout.audio.clear_buffer()
        await asyncio.sleep(1.0)

        # A gap in the play-out, of an engine that is late, is no audio of the reply.
        heard_s = len(source.heard()) / RATE_HZ
        begun = int(np.ceil(heard_s / tones.WORD_S - 0.01))
        [event] = ended
        kept = event.synchronized_transcript
        assert TEXT.startswith(kept)
        assert len(kept.split()) <= begun
        if pace < 0.5:
            assert len(kept.split()) >= begun - 1
        assert captions.text.startswith(kept)
        following.cancel()
        await asyncio.wait({following})
        await track.aclose()

    virtual_time.run(talk())


FIGURES = (
    "Certainly, it costs $49.95 a month, or [less](https://example.org/less) by 24/7 use.\n"
    "```python\nimport os\n```\nThe train at 10:30 pm runs 120 km/h 😀 for you. Is it not so? "
)
SHOWN = (
    "Certainly, it costs $49.95 a month, or less (https://example.org/less) by 24/7 use.\n"
    "import os\n\nThe train at 10:30 pm runs 120 km/h 😀 for you. Is it not so? "
)
WORDS = (
    "Certainly, it costs forty-nine dollars and ninety-five cents a month, or less by twenty-four "
    "seven use. The code is on the page. The train at ten thirty PM runs one hundred twenty "
    "kilometers per hour for you. Is it not so?"
)
WHOLE = ("$49.95", "10:30 pm", "120 km/h", "24/7", "(https://example.org/less)", "import os")


@pytest.mark.parametrize("seed", range(12))
def test_what_is_shown_and_kept_is_written_while_the_voice_says_words(seed: int) -> None:
    async def talk() -> None:
        source, track, playout, captions, following = await rig()
        ended = finished(playout)
        engine = Voice(rate_hz=24000, first_s=0.15, pace=0.1)
        markup = Markup()
        reply = markup.push(FIGURES) + markup.flush()
        speaking = asyncio.create_task(_speak(playout, engine, track, reply=reply))
        if seed:
            await asyncio.sleep(0.4 + random.Random(seed).uniform(0.0, 13.0))
            speaking.cancel()
        await asyncio.wait({speaking})
        if seed:
            playout.audio.clear_buffer()
        await asyncio.sleep(20.0)
        begun = int(np.ceil(len(source.heard()) / RATE_HZ / tones.WORD_S - 0.01))
        [event] = ended
        kept = event.synchronized_transcript
        assert SHOWN.startswith(kept)
        for whole in WHOLE:
            assert whole in kept or not any(
                kept.rstrip().endswith(whole[:cut]) for cut in range(2, len(whole))
            )
        # No more than one written word, whose words are up to seven, before it is whole.
        assert len(kept.split()) <= begun
        if not seed:
            assert " ".join(engine.said).split() == WORDS.split()
            assert kept == captions.text == SHOWN
        following.cancel()
        await asyncio.wait({following})
        await track.aclose()

    virtual_time.run(talk())
