"""Engine `chattts` against a local server that speaks the wire of both its programs."""

import io
import zipfile
from collections.abc import AsyncIterator

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APITimeoutError

from agent.errors import EngineUnavailable
from agent.tts.chattts.engine import build, probe
from agent.tts.chattts.options import Options
from agent.tts.chattts.zip_body import ZipBody
from agent.tts.other_voice import with_voice
from agent.tts.served.speech_body import MalformedBody
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.pcm_server import ChatTTSStandIn
from rejoinder.stand_ins.sound_files import mp3
from tests.protocol.tts.contract import IMPATIENT, audio
from tests.protocol.tts.served_contract import ServedContract, ServedRig, WholeServedContract, bare

RATE_HZ = 24000


@pytest.fixture
async def server() -> AsyncIterator[ChatTTSStandIn]:
    async with ChatTTSStandIn().serve() as running:
        yield running


class Streaming(ServedRig):
    voices = ("default", "alloy")
    has_speed = False


@pytest.fixture
async def rig(server: ChatTTSStandIn) -> AsyncIterator[ServedRig]:
    server.program = "openai_api"
    rig = Streaming(server, build(Options(url=server.url)))
    yield rig
    await rig.engine.aclose()


class TestContract(ServedContract):
    pass


class Whole(ServedRig):
    voices = ("7", "8")


@pytest.fixture
async def whole(server: ChatTTSStandIn) -> AsyncIterator[ServedRig]:
    """The program that answers when all is made."""
    rig = Whole(server, build(Options(url=server.url)))
    yield rig
    await rig.engine.aclose()


class TestContractOfWholeAnswers(WholeServedContract):
    @pytest.fixture
    def rig(self, whole: ServedRig) -> ServedRig:
        return whole


async def test_the_sounds_of_a_zip_are_heard(whole: ServedRig) -> None:
    assert bare(await whole.words("one two three")) == ["one", "two", "three"]
    assert whole.sent["text"] == ["one two three"]
    assert whole.sent["params_infer_code"]["manual_seed"] == 42
    assert whole.sent["params_infer_code"]["prompt"] == "[speed_5]"


async def test_voice_and_pace_may_be_of_one_call(whole: ServedRig) -> None:
    normal, _ = await audio(whole.engine, "one two")
    slow, _ = await audio(with_voice(whole.engine, "7", speed=0.5), "one two")
    how = whole.sent["params_infer_code"]
    assert (how["manual_seed"], how["spk_emb"], how["prompt"]) == (7, None, "[speed_2]")
    assert len(slow) > 1.5 * len(normal)
    await audio(with_voice(whole.engine, "蘁淰敝欀", speed=9.0), "one")
    how = whole.sent["params_infer_code"]
    assert (how["manual_seed"], how["spk_emb"], how["prompt"]) == (None, "蘁淰敝欀", "[speed_9]")


async def test_faults_of_the_whole_answer(whole: ServedRig) -> None:
    whole.server.chunk_bytes, whole.how.cut_after = 500, 1
    with pytest.raises(APIConnectionError, match="broke off") as caught:
        await audio(whole.engine, "one two")
    assert caught.value.retryable
    whole.how.cut_after, whole.how.malformed = None, True
    with pytest.raises(APIConnectionError, match="not speech: no ZIP file"):
        await audio(whole.engine, "one two")
    whole.how.malformed, whole.how.first_byte_s = False, 3600
    with pytest.raises(APITimeoutError) as late:
        await audio(whole.engine, "one two", IMPATIENT)
    assert late.value.retryable
    assert whole.outcomes[-1] in ("open", "cancelled")


def archive(*files: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files:
            made.writestr(name, data)
    return target.getvalue()


def test_files_of_a_zip_are_heard_in_the_order_of_their_numbers() -> None:
    files = [
        (f"{n}.mp3", mp3(tones.speak([n], rate_hz=RATE_HZ), rate_hz=RATE_HZ)) for n in range(12)
    ]
    body = ZipBody(rate_hz=RATE_HZ)
    assert body.feed(archive(*files[::-1])) == b""
    heard = np.frombuffer(body.end(), "<i2") / np.float32(32768)
    assert [word for word, _, _ in tones.heard(heard, rate_hz=RATE_HZ)] == list(range(12))


def test_a_zip_that_unpacks_to_too_much_is_not_unpacked() -> None:
    body = ZipBody(rate_hz=RATE_HZ)
    body.feed(archive(("0.mp3", bytes(40 * 2**20))))
    with pytest.raises(MalformedBody, match="too many bytes"):
        body.end()


DAMAGED = bytearray(archive(("0.mp3", b"all work and no play " * 50)))
DAMAGED[30 + len("0.mp3")] = 0x07
"""The first block is of a type that there is not."""


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04", archive(("0.mp3", b"<html>no</html>")), bytes(DAMAGED)]
)
def test_a_zip_without_sound_is_no_speech(data: bytes) -> None:
    body = ZipBody(rate_hz=RATE_HZ)
    body.feed(data)
    with pytest.raises(MalformedBody):
        body.end()


async def test_the_probe(server: ChatTTSStandIn) -> None:
    assert "ChatTTS, voice 42 at 127.0.0.1:" in await probe(Options(url=server.url))
    server.how.status = 500
    with pytest.raises(EngineUnavailable, match="stand-in fault 500"):
        await probe(Options(url=server.url))
    with pytest.raises(EngineUnavailable, match="of ChatTTS running there"):
        await probe(Options(url="http://127.0.0.1:9"))
    server.api_key = "right"
    with pytest.raises(EngineUnavailable, match="set TTS_API_KEY"):
        await probe(Options(url=server.url))
