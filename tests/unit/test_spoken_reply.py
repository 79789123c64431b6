"""A piece that the voice does not say: the others are said, and nothing unsaid counts as heard.

The real way of a reply, on virtual time: pieces, engines, track, captions, history.
"""

import asyncio
import random
from dataclasses import dataclass, field

import numpy as np
import pytest
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIStatusError,
    APITimeoutError,
    tts,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, USERDATA_TIMED_TRANSCRIPT

from agent.audio.streams import at_rate
from agent.playout.heard_output import Playout
from agent.playout.voice_track import VoiceTrack
from agent.remote.failover import LineUp, Member
from agent.tts.failover import FailoverSpeech
from agent.tts.spoken_reply import ReplyVoice
from agent.wording.sentences import SentenceTokenizer
from rejoinder.stand_ins import tones
from tests.fakes import virtual_time
from tests.fakes.playing import RATE_HZ, Captions, finished, rig

SENTENCES = ["One two three four. ", "Five six seven. ", "Eight nine ten eleven. ", "Twelve. "]
TEXT = "".join(SENTENCES)
FAULTS = ["nothing", "refused", "cut", "stall", "silent"]
ONCE = APIConnectOptions(max_retry=0, timeout=5.0)


@dataclass
class Voice(tts.TTS):
    """Each word is a tone of 0.3 s; the piece with `word` in it fails as `fault` says."""

    rate_hz: int = RATE_HZ
    fault: str = ""
    word: str = "Eight"
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=self.rate_hz,
            num_channels=1,
        )

    def __hash__(self) -> int:
        return id(self)

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        self.asked.append(text)
        return _Speech(tts=self, input_text=text, conn_options=conn_options)


class _Speech(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        voice = self._tts
        assert isinstance(voice, Voice)
        fault = voice.fault if voice.word in self.input_text else ""
        output_emitter.initialize(
            request_id="speech", sample_rate=voice.rate_hz, num_channels=1, mime_type="audio/pcm"
        )
        await asyncio.sleep(0.1)
        pcm = tones.speak(range(len(self.input_text.split())), rate_hz=voice.rate_hz)
        if fault == "refused":
            raise APIStatusError("no", status_code=500, retryable=False)
        if fault == "nothing":
            raise APIConnectionError("the speech server answered without audio")
        if fault == "silent":
            pcm = bytes(len(pcm))
        if fault == "babble":
            pcm *= 200
        size = voice.rate_hz // 10 * 2
        for at in range(0, len(pcm), size):
            if at >= len(pcm) // 2:
                if fault == "cut":
                    raise APIConnectionError("broke off", retryable=False)
                if fault == "stall":
                    await asyncio.sleep(5.0)
                    raise APITimeoutError("no further audio", retryable=False)
            output_emitter.push(pcm[at : at + size])
            await asyncio.sleep(0.02)


@dataclass
class Told:
    """What a reply left behind."""

    audio: np.ndarray
    captions: Captions
    history: str | None
    error: Exception | None
    errors: list[tts.TTSError]


async def _say(
    engine: tts.TTS,
    spare: Voice | None,
    *,
    text: str = TEXT,
    stop_at: float | None = None,
    dice: random.Random | None = None,
) -> Told:
    """What the framework does with a reply; it is stopped after so many seconds.

    With `dice` it is held now and then.
    """
    source, track, playout, captions, following = await rig()
    ended = finished(playout)
    spares = [spare] if spare is not None else []
    voice = ReplyVoice(engine, spares=spares, tokenizer=SentenceTokenizer(), track=track)
    errors: list[tts.TTSError] = []
    voice.on("error", errors.append)
    speaking = asyncio.create_task(_forward(voice, track, playout, text))
    if stop_at is None:
        await asyncio.wait({speaking})
        await asyncio.sleep(60.0)
    else:
        loop = asyncio.get_running_loop()
        while (left_s := stop_at - loop.time()) > 0:
            await asyncio.sleep(min(left_s, dice.uniform(0.05, 1.0)) if dice else left_s)
            if dice and left_s > 0.1:
                dice.choice([track.hold, track.go_on])()
        speaking.cancel()
        await asyncio.wait({speaking})
        playout.audio.clear_buffer()
        await asyncio.sleep(1.0)
    error = None if speaking.cancelled() else speaking.result()
    following.cancel()
    await asyncio.wait({following})
    await track.aclose()
    history = ended[0].synchronized_transcript if ended else None
    return Told(source.heard(), captions, history, error, errors)


async def _forward(
    voice: ReplyVoice, track: VoiceTrack, playout: Playout, text: str
) -> Exception | None:
    any_text = False
    try:
        async with voice.stream(conn_options=ONCE) as stream:
            stream.push_text(text)
            stream.end_input()

            async def frames() -> object:
                async for event in stream:
                    yield event.frame

            async for frame in at_rate(frames(), RATE_HZ):
                any_text = any_text or any(frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, []))
                await playout.audio.capture_frame(frame)
    except asyncio.CancelledError:
        playout.audio.flush()
        playout.audio.clear_buffer()
        playout.text.flush()
        raise
    except (APIConnectionError, APIStatusError, APITimeoutError) as error:
        playout.audio._mark_input_truncated()
        playout.audio.flush()
        if not any_text:  # the text comes as it was written, when the audio has ended
            await playout.text.capture_text(text)
        playout.text.flush()
        return error
    playout.audio.flush()
    playout.text.flush()
    return None


def _tones(audio: np.ndarray) -> int:
    return len(tones.heard(audio / np.float32(32768), rate_hz=RATE_HZ))


@pytest.mark.parametrize("rate_hz", [RATE_HZ, 22050])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_spare_voice_says_the_piece_and_the_voice_goes_on(fault: str, rate_hz: int) -> None:
    engine, spare = Voice(fault=fault), Voice(rate_hz=rate_hz)
    told = virtual_time.run(_say(engine, spare))
    assert spare.asked[0] == SENTENCES[2].strip()
    assert told.error is None
    assert [error.recoverable for error in told.errors] == [True]
    assert told.history == TEXT
    assert told.captions.text == TEXT
    assert told.captions.segments == 1
    assert _tones(told.audio) == 12 + (2 if fault in ("cut", "stall") else 0)


def test_a_voice_that_babbles_is_stopped() -> None:
    told = virtual_time.run(_say(Voice(fault="babble"), None))
    assert told.history == TEXT
    assert 20 < len(told.audio) / RATE_HZ < 45


@pytest.mark.parametrize("fault", FAULTS)
def test_without_another_voice_the_piece_is_shown_in_brackets_and_not_in_the_history(
    fault: str,
) -> None:
    told = virtual_time.run(_say(Voice(fault=fault), Voice(fault=fault)))
    assert isinstance(told.error, APIConnectionError | APIStatusError | APITimeoutError)
    assert [error.recoverable for error in told.errors] == [True, False]
    shown = told.captions.text
    assert shown.replace("[", "").replace("]", "") == TEXT
    assert told.history is not None
    assert told.history.startswith("One two three four. Five six seven.")
    assert told.history.rstrip().endswith("Twelve.")
    assert "eleven" not in told.history
    assert "eleven.] " in shown
    if fault in ("nothing", "refused", "silent"):
        assert "[Eight nine ten eleven.] Twelve." in shown
        assert told.history.split() == [
            "One",
            "two",
            "three",
            "four.",
            "Five",
            "six",
            "seven.",
            "Twelve.",
        ]


@pytest.mark.parametrize("place", range(4))
def test_any_piece_may_fail(place: int) -> None:
    word = SENTENCES[place].split()[0]
    told = virtual_time.run(_say(Voice(fault="refused", word=word), None))
    shown = [*SENTENCES]
    shown[place] = f"[{SENTENCES[place].strip()}] "
    assert told.captions.text.split() == "".join(shown).split()
    assert (told.history or "").split() == "".join(
        SENTENCES[:place] + SENTENCES[place + 1 :]
    ).split()


def test_a_reply_without_any_voice_is_shown_whole_in_brackets_and_the_next_one_is_whole() -> None:
    told = virtual_time.run(_say(Voice(fault="refused", word=""), Voice(fault="cut", word=" ")))
    assert told.error is not None
    assert _tones(told.audio) > 0
    told = virtual_time.run(_say(Voice(fault="refused", word=""), None))
    assert told.history is None
    assert told.captions.text == f"[{TEXT.strip()}] "
    assert len(told.audio) == 0


def test_after_a_time_out_the_spare_voice_is_asked_first_for_a_while() -> None:
    engine, spare = Voice(fault="stall", word="Five"), Voice()
    told = virtual_time.run(_say(engine, spare))
    assert [text.split()[0] for text in engine.asked] == ["One", "Five"]
    assert [text.split()[0] for text in spare.asked] == ["Five", "Eight", "Twelve."]
    assert told.history == TEXT


@pytest.mark.parametrize("fault", FAULTS)
def test_the_next_voice_of_a_list_goes_on_in_mid_piece_and_has_the_rest_of_the_reply(
    fault: str,
) -> None:
    near, far, spare = Voice(fault=fault), Voice(rate_hz=22050), Voice()

    async def scene() -> Told:
        members = [Member(label, voice, ONCE) for label, voice in (("near", near), ("far", far))]
        async with FailoverSpeech(LineUp(members)) as speech:
            return await _say(speech, spare)

    told = virtual_time.run(scene())
    assert spare.asked == []
    assert told.error is None
    assert told.history == TEXT
    assert told.captions.text == TEXT
    [first, *others] = far.asked
    assert SENTENCES[2].strip().endswith(first)
    assert (first == SENTENCES[2].strip()) == (fault not in ("cut", "stall"))
    assert others == [SENTENCES[3].strip()]
    # A word or two may be said again: the one in which it broke, and what was still on its way.
    assert 12 <= _tones(told.audio) <= 12 + (2 if fault in ("cut", "stall") else 0)


@pytest.mark.parametrize("spare", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", range(6))
def test_stopped_anywhere_no_word_is_kept_that_had_not_begun(
    seed: int, fault: str, spare: bool
) -> None:
    dice = random.Random(f"{seed} {fault} {spare}")
    engine = Voice(fault=fault, word=dice.choice(["One", "Five", "Eight", "Twelve"]))
    stop_at = dice.uniform(0.2, 7.0)
    told = virtual_time.run(_say(engine, Voice() if spare else None, stop_at=stop_at, dice=dice))
    begun = int(np.ceil(len(told.audio) / RATE_HZ / tones.WORD_S - 0.01))
    kept = told.history or ""
    assert len(kept.split()) <= begun
    words = TEXT.split()
    for word in kept.split():
        words = words[words.index(word) + 1 :]
    shown = told.captions.text.replace("[", "").replace("]", "")
    assert TEXT.startswith(shown)
