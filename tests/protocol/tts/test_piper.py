"""Engine `piper` against local servers that speak its HTTP wire and Wyoming."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from livekit.agents import APIConnectionError

from agent.errors import EngineUnavailable
from agent.remote.wyoming import Event, NotWyoming, read_event, write_event
from agent.tts.other_voice import with_voice
from agent.tts.piper.engine import build, probe
from agent.tts.piper.options import Options
from agent.tts.served.tcp import TcpConnections
from rejoinder.stand_ins.pcm_server import PiperStandIn, WyomingStandIn
from tests.protocol.tts.contract import AGAIN, WORDS, audio, audio_until_error
from tests.protocol.tts.served_contract import ServedContract, ServedRig, bare

VOICES = ("en_US-lessac-medium", "en_GB-alan-medium")


@pytest.fixture
async def http() -> AsyncIterator[PiperStandIn]:
    async with PiperStandIn(voices=dict.fromkeys(VOICES, 22050)).serve() as running:
        yield running


@pytest.fixture
async def wyoming() -> AsyncIterator[WyomingStandIn]:
    async with WyomingStandIn(voices=VOICES).serve() as running:
        yield running


class HttpBench(ServedRig):
    voices = VOICES


class WyomingBench(ServedRig):
    voices = VOICES
    statuses = ()
    has_speed = False


@pytest.fixture
async def over_http(http: PiperStandIn) -> AsyncIterator[ServedRig]:
    rig = HttpBench(http, build(Options(url=http.url)))
    yield rig
    await rig.engine.aclose()


@pytest.fixture
async def over_tcp(wyoming: WyomingStandIn) -> AsyncIterator[ServedRig]:
    rig = WyomingBench(wyoming, build(Options(url=wyoming.url)))
    yield rig
    await rig.engine.aclose()


class TestContractOverHttp(ServedContract):
    @pytest.fixture
    def rig(self, over_http: ServedRig) -> ServedRig:
        return over_http


class TestContractOverWyoming(ServedContract):
    @pytest.fixture
    def rig(self, over_tcp: ServedRig) -> ServedRig:
        return over_tcp


async def test_only_what_was_set_is_sent(over_http: ServedRig, http: PiperStandIn) -> None:
    await audio(over_http.engine, "one")
    assert over_http.sent == {"text": "one"}
    own = Options(url=http.url, voice=VOICES[1], speaker="3", speed=2, noise_scale=0.5)
    engine = build(own)
    await audio(engine, "one")
    assert over_http.sent == {
        "text": "one",
        "voice": VOICES[1],
        "speaker_id": 3,
        "length_scale": 0.5,
        "noise_scale": 0.5,
    }
    await audio(with_voice(engine, "", speed=9.0), "one")
    assert over_http.sent["length_scale"] == 0.25, "as fast as can be set"
    await engine.aclose()


async def test_a_voice_of_another_rate_keeps_its_words(http: PiperStandIn) -> None:
    http.voices["de_DE-thorsten-low"] = 16000
    rig = ServedRig(http, build(Options(url=http.url, voice="de_DE-thorsten-low")))
    assert bare(await rig.words("one two")) == ["one", "two"]
    await rig.engine.aclose()


async def test_a_server_that_lists_no_voices_is_no_older_one(http: PiperStandIn) -> None:
    http.listed = ()
    rig = ServedRig(http, build(Options(url=http.url)))
    assert await rig.words("one") == ["one"]
    assert http.requests[-1].path == "/synthesize"
    await rig.engine.aclose()


async def test_an_older_server_is_given_the_bare_text(http: PiperStandIn) -> None:
    http.older = True
    rig = ServedRig(http, build(Options(url=http.url)))
    assert await rig.words("eins zwei Füße") == ["eins", "zwei", "füße"]
    assert http.requests[-1].path == "/"
    await rig.engine.aclose()


async def test_voice_and_speaker_are_asked_for_over_wyoming(
    over_tcp: ServedRig, wyoming: WyomingStandIn
) -> None:
    assert await over_tcp.words("one") == ["one"]
    assert over_tcp.sent == {"text": "one"}
    engine = build(Options(url=wyoming.url, voice=VOICES[1], speaker="p225"))
    await audio(engine, "one\ntwo")
    assert over_tcp.sent == {
        "text": "one two",
        "voice": {"name": VOICES[1], "speaker": "p225"},
    }
    await audio(with_voice(engine, "de"), "one")
    assert over_tcp.sent["voice"]["name"] == "de"


async def test_what_a_wyoming_server_says_of_its_failure_is_told_by_the_probe_alone(
    over_tcp: ServedRig, wyoming: WyomingStandIn
) -> None:
    wyoming.fails = "cannot say my secret words"
    with pytest.raises(APIConnectionError, match="the speech server failed") as caught:
        await audio(over_tcp.engine, "my secret words")
    assert caught.value.retryable
    assert "secret" not in f"{caught.value} {caught.value!r}"
    with pytest.raises(EngineUnavailable, match="cannot say my secret words"):
        await probe(Options(url=wyoming.url))


async def test_a_failure_in_the_middle_over_wyoming_is_not_said_again(
    over_tcp: ServedRig, wyoming: WyomingStandIn
) -> None:
    wyoming.fails, wyoming.fails_after = "out of memory", 12
    over_tcp.how.between_s = 0.02
    seconds, error = await audio_until_error(over_tcp.engine, WORDS, AGAIN)
    assert seconds > 0
    assert isinstance(error, APIConnectionError)
    assert not error.retryable
    assert len(wyoming.requests) == 1


async def test_a_connection_is_let_go_of_though_the_server_does_not_read() -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    gone = asyncio.Event()
    server = await asyncio.start_server(hold, "127.0.0.1", 0, limit=1024)
    port = server.sockets[0].getsockname()[1]
    async with TcpConnections(f"tcp://127.0.0.1:{port}").connection() as (_, writer):
        writer.write(bytes(64 * 2**20))
    gone.set()
    server.close()


@pytest.mark.parametrize("kind", ["http", "wyoming"])
async def test_the_probe_lists_voices_and_knows_the_wrong_one(
    kind: str, request: pytest.FixtureRequest, http: PiperStandIn, wyoming: WyomingStandIn
) -> None:
    url = http.url if kind == "http" else wyoming.url
    said = await probe(Options(url=url, voice=VOICES[1]))
    assert f"{VOICES[1]} (of 2) at 127.0.0.1:" in said
    with pytest.raises(EngineUnavailable, match=f"has no voice x .* one of {VOICES[0]}"):
        await probe(Options(url=url, voice="x"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "tcp://127.0.0.1:9"])
async def test_a_server_that_is_not_there_is_named(url: str) -> None:
    why = "cannot be reached: .*(attempts|call) failed.* wyoming-piper running there"
    with pytest.raises(EngineUnavailable, match=why):
        await probe(Options(url=url))
    engine = build(Options(url=url))
    with pytest.raises(APIConnectionError, match="cannot be reached") as caught:
        await audio(engine, "one", AGAIN)
    assert caught.value.retryable
    await engine.aclose()


async def test_another_protocol_at_the_port_is_named(http: PiperStandIn) -> None:
    with pytest.raises(EngineUnavailable, match="does not speak Wyoming"):
        await probe(Options(url=http.url.replace("http:", "tcp:")))


def test_an_address_without_a_port_is_a_wrong_setting() -> None:
    with pytest.raises(ValueError, match="pattern"):
        Options(url="tcp://speech")


class _Written:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


async def test_messages_of_wyoming_are_written_and_read() -> None:
    event, written = Event("x", {"text": "grüß 你"}, b"\x00\n\xff"), _Written()
    write_event(written, event)  # type: ignore[arg-type]
    reader = asyncio.StreamReader()
    reader.feed_data(written.data + b'{"type": "y", "data": {"a": 1}}\n')
    reader.feed_eof()
    assert await read_event(reader) == event
    assert await read_event(reader) == Event("y", {"a": 1})
    assert await read_event(reader) is None


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"[]\n",
        b'{"data": {}}\n',
        b'{"type": "x", "payload_length": -1}\n',
        b'{"type": "x", "payload_length": 99999999999}\n',
        b'{"type": "x", "data": 7}\n',
        b'{"type": "x", "data_length": 2}\n7\n',
    ],
)
async def test_what_is_no_message_of_wyoming_is_not_taken_for_one(line: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(line)
    reader.feed_eof()
    with pytest.raises(NotWyoming):
        await read_event(reader)


async def test_a_message_that_ends_in_its_middle_is_no_end() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b'{"type": "x", "payload_length": 9}\nabc')
    reader.feed_eof()
    with pytest.raises(EOFError):
        await read_event(reader)
