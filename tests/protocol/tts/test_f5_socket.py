"""Engine `f5_tts` against a local server that speaks the wire of F5-TTS's socket server."""

from collections.abc import AsyncIterator

import numpy as np
import pytest
from livekit.agents import APIConnectionError

from agent.errors import ConfigError, EngineUnavailable
from agent.tts.f5_tts.engine import build, probe
from agent.tts.f5_tts.options import Options
from agent.tts.f5_tts.socket_wire import FloatBody, segments
from agent.tts.other_voice import with_voice
from agent.tts.served.speech_body import MalformedBody
from rejoinder.stand_ins.pcm_server import F5SocketStandIn
from tests.protocol.tts.contract import WORDS, audio
from tests.protocol.tts.served_contract import ServedContract, ServedRig


@pytest.fixture
async def server() -> AsyncIterator[F5SocketStandIn]:
    async with F5SocketStandIn().serve() as running:
        yield running


class Bench(ServedRig):
    voices = ("", "")
    statuses = ()
    has_speed = False


@pytest.fixture
async def rig(server: F5SocketStandIn) -> AsyncIterator[ServedRig]:
    rig = Bench(server, build(Options(url=server.url)))
    yield rig
    await rig.engine.aclose()


class TestContract(ServedContract):
    test_calls_with_voices_of_their_own_do_not_mix = None
    """The server has one voice."""


async def test_another_voice_than_the_servers_is_not_to_be_had(rig: ServedRig) -> None:
    one, _ = await audio(rig.engine, "one")
    assert rig.same((await audio(with_voice(rig.engine, "anna"), "one"))[0], one)


@pytest.mark.parametrize(
    "wrong", [{"voice": "anna"}, {"voices": "voices.toml"}, {"seed": 1}, {"steps": 8}]
)
def test_what_a_socket_cannot_do_is_no_setting_of_it(wrong: dict[str, object]) -> None:
    (name,) = wrong
    with pytest.raises(ConfigError, match=f"TTS_{name.upper()}: tcp://.* unset that"):
        build(Options.model_validate({"url": "tcp://127.0.0.1:9", **wrong}))


@pytest.mark.parametrize("end_alone", [True, False])
async def test_the_mark_of_the_end_is_no_sound(
    rig: ServedRig, server: F5SocketStandIn, end_alone: bool
) -> None:
    server.end_alone = end_alone
    samples, rate_hz = await audio(rig.engine, "one two")
    assert len(np.trim_zeros(samples, "b")) <= 0.6 * rate_hz
    assert await rig.words("one two") == ["one", "two"]


async def test_a_text_that_is_too_long_for_one_segment_is_sent_in_several(
    rig: ServedRig, server: F5SocketStandIn
) -> None:
    words = [f"word{number}{'d' * 30}" for number in range(35)]
    assert len(" ".join(words)) > 1024
    rig.hurry()
    assert await rig.words(" ".join(words)) == words
    texts = [request.body["text"] for request in server.requests]
    assert len(texts) == 2
    assert " ".join(texts) == " ".join(words)


@pytest.mark.parametrize("text", ["a b", "字" * 1000, "word " * 500, "é" * 700 + " x"])
def test_segments_fit_and_hold_the_whole_text(text: str) -> None:
    parts = segments(text)
    assert all(0 < len(part) <= 1024 for part in parts)
    assert "".join(part.decode() for part in parts).replace(" ", "") == text.replace(" ", "")


def test_samples_are_put_together_from_any_bytes() -> None:
    values = np.array([0.0, 0.5, -0.5, 1.5, -1.5], "<f4")
    body = FloatBody()
    data = values.tobytes()
    heard = b"".join(body.feed(data[at : at + 3]) for at in range(0, len(data), 3)) + body.end()
    assert np.frombuffer(heard, "<i2").tolist() == [0, 16384, -16384, 32767, -32768]
    with pytest.raises(MalformedBody):
        FloatBody().feed(np.array([np.nan], "<f4").tobytes())


async def test_the_probe(server: F5SocketStandIn) -> None:
    assert "F5-TTS, the server's voice at 127.0.0.1:" in await probe(Options(url=server.url))
    server.how.cut_after = 0
    with pytest.raises(EngineUnavailable, match="socket server closes the connection when it"):
        await probe(Options(url=server.url))
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await probe(Options(url="tcp://127.0.0.1:9"))


async def test_a_failure_is_a_closed_connection(rig: ServedRig) -> None:
    rig.how.cut_after = 3
    rig.how.between_s = 0.02
    with pytest.raises(APIConnectionError, match="broke off") as caught:
        await audio(rig.engine, WORDS)
    assert not caught.value.retryable
