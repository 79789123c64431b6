"""What `rejoinder stand-in` starts, in this process: what is heard, told, kept and refused."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import livekit.plugins.deepgram  # noqa: F401 - plug-ins are imported on the main thread
import numpy as np
import pytest

from agent.errors import EngineUnavailable
from agent.settings.load import Settings
from rejoinder.stand_ins.kept import keep
from rejoinder.stand_ins.offers import OFFERS, Wanted
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from rejoinder.stand_ins.pcm_server import WyomingStandIn
from rejoinder.stand_ins.sound_words import USUAL_TEXT, SoundWords
from rejoinder.stand_ins.spoken import EmbeddedVoice
from tests.protocol.stand_ins.test_command import OF_THEIR_OWN, chosen, loaded, probed

pytestmark = pytest.mark.timeout(60)
__all__ = ["loaded"]

_RATE_HZ = 16000
_ODD = ("\ud83d", "…", "", "\x01")
"""Half a surrogate pair, nothing to say, a command of the library."""


@asynccontextmanager
async def offered(
    name: str, folder: Path, *, way: str | None = None, **wanted: Any
) -> AsyncIterator[tuple[Any, list[str], dict[str, str]]]:
    """A stand-in, what it tells, and the lines that reach it."""
    offer = OFFERS[name]
    want = Wanted(offer.ways[0] if way is None else way, folder, **wanted)
    server = await asyncio.to_thread(offer.make, want)
    told: list[str] = []
    server.tell = told.append
    async with server.serve():
        pairs = (line.split("=", 1) for line in offer.settings(server.url, want))
        yield server, told, {name: value.strip("'") for name, value in pairs}


def tone(seconds: float) -> np.ndarray:
    at = np.arange(int(seconds * _RATE_HZ)) / _RATE_HZ
    return (0.2 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.5, 0.7, 1.01, 2.0])
def test_a_word_ends_with_the_sound_and_not_before(seconds: float) -> None:
    silence = np.zeros(_RATE_HZ // 4, np.float32)
    *_, (_, _, end) = SoundWords().spans(np.concatenate([silence, tone(seconds)]), _RATE_HZ)
    assert end == pytest.approx(0.25 + seconds, abs=0.03)


async def test_deepgram_hears_each_word_of_unbroken_speech_once(tmp_path: Path) -> None:
    sound = np.concatenate([tone(2.0), np.zeros(_RATE_HZ, np.float32)])
    pcm = (sound * 32767).astype("<i2").tobytes()
    finals: list[tuple[str, bool, int]] = []
    sent = 0
    query = "encoding=linear16&sample_rate=16000&endpointing=25&interim_results=true"
    async with (
        offered("deepgram", tmp_path) as (server, _, _),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}?{query}") as socket,
    ):

        async def read() -> None:
            async for message in socket:
                result = json.loads(message.data)
                if result["type"] == "Results" and result["is_final"]:
                    text = result["channel"]["alternatives"][0]["transcript"]
                    finals.append((text, result["speech_final"], sent))

        async with asyncio.TaskGroup() as group:
            group.create_task(read())
            for at in range(0, len(pcm), 1600):
                await socket.send_bytes(pcm[at : at + 1600])
                sent += 1
                await asyncio.sleep(0.012)
            await asyncio.sleep(0.2)
            await socket.send_str('{"type": "CloseStream"}')
    said = " ".join(text for text, _, _ in finals if text)
    assert said == "Hello there tell me something nice"
    assert all(number >= 40 for _, ended, number in finals if ended), "in the middle of a word"


async def test_words_of_an_utterance_go_on_after_a_pause_and_begin_anew_after_its_end(
    tmp_path: Path,
) -> None:
    pause, end = np.zeros(_RATE_HZ // 5, np.float32), np.zeros(2 * _RATE_HZ, np.float32)
    sound = np.concatenate([tone(0.3), pause, tone(0.3), end, tone(0.3), pause])
    pcm = (sound * 32767).astype("<i2").tobytes()
    query = "encoding=linear16&sample_rate=16000&endpointing=25"
    texts = []
    async with (
        offered("deepgram", tmp_path) as (server, _, _),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}?{query}") as socket,
    ):
        server.delay_s = 0.0
        for at in range(0, len(pcm), 1600):
            await socket.send_bytes(pcm[at : at + 1600])
            await asyncio.sleep(0.005)
        await socket.send_str('{"type": "CloseStream"}')
        async for message in socket:
            result = json.loads(message.data)
            if result["type"] == "Results":
                texts.append(result["channel"]["alternatives"][0]["transcript"])
    assert [text for text in texts if text] == ["Hello", "there", "Hello"]


async def test_people_s_stand_ins_keep_the_newest_requests_alone() -> None:
    async with OpenAIStandIn().serve() as server, aiohttp.ClientSession() as http:
        keep(server, 10)
        for number in range(30):
            body = {"messages": [{"role": "user", "content": str(number)}]}
            async with http.post(f"{server.url}/chat/completions", json=body) as answer:
                await answer.read()
        asked = [request.body["messages"][0]["content"] for request in server.requests]
    assert asked == [str(number) for number in range(20, 30)]


async def test_amazon_s_store_keeps_the_newest_objects_alone(tmp_path: Path) -> None:
    async with offered("aws", tmp_path) as (server, _, _), aiohttp.ClientSession() as http:
        keep(server, 3)
        for number in range(5):
            async with http.put(f"{server.url}/bucket/{number}", data=b"x") as answer:
                assert answer.status == 200
        assert list(server.objects) == ["bucket/2", "bucket/3", "bucket/4"]


@pytest.mark.parametrize(
    ("path", "body", "end"),
    [
        ("/audio/speech", "{}", "400"),
        ("/audio/speech", "[]", "400"),
        ("/audio/speech", "what?", "400"),
        ("/chat/completions", '{"messages": [1]}', "500, TypeError"),
    ],
)
async def test_a_wrong_request_is_told_as_what_it_is(
    path: str, body: str, end: str, tmp_path: Path
) -> None:
    async with (
        offered("openai", tmp_path) as (server, told, _),
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}{path}", data=body) as answer,
    ):
        assert str(answer.status) == end[:3]
    assert [line.rpartition(", ")[0] for line in told] == [f"POST /v1{path}: {end}"]


@pytest.mark.parametrize("file", [b"", b"no sound"])
async def test_a_file_that_is_no_sound_is_refused(file: bytes, tmp_path: Path) -> None:
    form = aiohttp.FormData()
    form.add_field("file", file, filename="speech.wav")
    async with (
        offered("openai", tmp_path) as (server, told, _),
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}/audio/transcriptions", data=form) as answer,
    ):
        assert answer.status == 400
    assert ": 400, " in told[0]


async def test_a_fault_of_its_own_is_told_over_tcp_too() -> None:
    told: list[str] = []
    async with WyomingStandIn(tell=told.append).serve() as server:
        port = int(server.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b'{"type": "synthesize", "data": {}}\n')
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
    assert told[0].startswith("synthesize: failed, KeyError, ")


async def test_a_long_text_keeps_nobody_else_waiting() -> None:
    async with EmbeddedVoice() as voice, OpenAIStandIn(speech=voice).serve() as server:
        health = server.url.replace("/v1", "/health")
        async with aiohttp.ClientSession() as http:

            async def speak() -> int:
                body = {"input": "Sixty words. " * 600, "voice": "alloy"}
                async with http.post(f"{server.url}/audio/speech", json=body) as answer:
                    return len(await answer.content.readany())

            async with asyncio.TaskGroup() as group:
                speaking = group.create_task(speak())
                while not server.requests:
                    await asyncio.sleep(0.001)
                async with http.get(health) as answer:
                    assert answer.status == 200
                assert not speaking.done(), "it was over before anybody could wait"
            assert speaking.result() > 0


async def test_who_goes_away_stops_the_voice() -> None:
    async with EmbeddedVoice() as voice:
        long = asyncio.ensure_future(
            voice("Sixty words. " * 2000, voice="", rate_hz=24000, speed=1.0)
        )
        await asyncio.sleep(0.05)
        long.cancel()
        async with asyncio.timeout(5):
            assert await voice("Hello.", voice="", rate_hz=24000, speed=1.0)
        assert long.cancelled()


async def test_odd_texts_do_not_silence_the_voice() -> None:
    async with EmbeddedVoice() as voice:
        with pytest.raises(OSError, match="too long"):
            await voice("a" * 2**20, voice="", rate_hz=24000, speed=1.0)
        for text in _ODD:
            await voice(text, voice="", rate_hz=24000, speed=1.0)
            assert len(await voice("Hello.", voice="", rate_hz=24000, speed=1.0)) > 10000


async def test_a_voice_whose_process_has_died_speaks_again() -> None:
    async with EmbeddedVoice() as voice:
        assert voice._child is not None
        voice._child._process.send_signal(signal.SIGKILL)
        await voice._child._process.wait()
        while voice._child.alive:
            await asyncio.sleep(0.01)
        assert await voice("Hello.", voice="", rate_hz=24000, speed=1.0)


_REFUSED = [
    (name, fault)
    for name, offer in OFFERS.items()
    for fault in offer.faults
    if fault.isdecimal() or fault in ("malformed", "full")
    # Deepgram's plug-in passes over what it does not understand.
    if name not in OF_THEIR_OWN and (name, fault) != ("deepgram", "malformed")
]


@pytest.mark.parametrize(("name", "fault"), _REFUSED)
async def test_each_fault_is_one_of_the_engine_that_is_asked(
    name: str,
    fault: str,
    loaded: Callable[[Mapping[str, str]], Settings],
    tmp_path: Path,
) -> None:
    faults = OFFERS[name].faults
    of_stages = any(":" in known for known in faults)
    async with offered(name, tmp_path) as (server, told, lines):
        faults[fault](server)
        for stage, choice in chosen(await asyncio.to_thread(loaded, lines)):
            of = "polly" if choice.engine == "polly" else stage
            if not of_stages or f"{of}:{fault}" in faults:
                with pytest.raises(EngineUnavailable):
                    await probed(stage, choice)
    if fault.isdecimal():
        assert any(f": {fault}, " in line for line in told), told


@pytest.mark.parametrize("name", ["deepgram", "funasr"])
async def test_a_status_that_is_switched_on_ends_open_connections(
    name: str, tmp_path: Path
) -> None:
    async with offered(name, tmp_path) as (server, _, _), aiohttp.ClientSession() as session:
        async with session.ws_connect(server.url) as socket:
            OFFERS[name].faults["429"](server)
            async with asyncio.timeout(5):
                assert (await socket.receive()).type in (
                    aiohttp.WSMsgType.CLOSED,
                    aiohttp.WSMsgType.ERROR,
                )
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(server.url)
        assert caught.value.status == 429


async def test_deepgram_s_route_for_recordings_has_the_faults_too(tmp_path: Path) -> None:
    async with offered("deepgram", tmp_path) as (server, _, _), aiohttp.ClientSession() as http:
        OFFERS["deepgram"].faults["429"](server)
        async with http.post(server.url, data=bytes(100)) as answer:
            assert answer.status == 429


async def test_all_recognisers_of_a_gradio_page_hear_as_much_as_there_is_and_it_tells_nobody(
    loaded: Callable[[Mapping[str, str]], Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from gradio_client import Client, handle_file

    from agent.audio.pcm import to_wav

    monkeypatch.delenv("GRADIO_ANALYTICS_ENABLED")
    speech, silence = tmp_path / "speech.wav", tmp_path / "silence.wav"
    speech.write_bytes(to_wav(tone(1.0), rate_hz=_RATE_HZ))
    silence.write_bytes(to_wav(np.zeros(_RATE_HZ, np.float32), rate_hz=_RATE_HZ))
    offer = OFFERS["gradio"]
    async with offered("gradio", tmp_path) as (server, told, _):
        async with aiohttp.ClientSession() as http, http.get(f"{server.url}/config") as answer:
            assert (await answer.json())["analytics_enabled"] is False
        for way in offer.ways:
            wanted = Wanted(way, tmp_path)
            if way in ("f5_tts", "maskgct"):
                await asyncio.to_thread(offer.make, wanted)
            pairs = (line.split("=", 1) for line in offer.settings(server.url, wanted))
            [(stage, choice)] = chosen(await asyncio.to_thread(loaded, dict(pairs)))
            assert await probed(stage, choice)

        def ask(file: Path) -> Any:
            client = Client(server.url, verbose=False, analytics_enabled=False)
            return client.predict(handle_file(str(file)), "English", api_name="/asr")

        three = " ".join(USUAL_TEXT.split()[:3])
        assert await asyncio.to_thread(ask, speech) == f"{three}."
        assert await asyncio.to_thread(ask, silence) == ""
        told.clear()
        await asyncio.to_thread(ask, silence)
    assert told[-2:] == ["/asr: began", "/asr: ended"]
    assert not re.search(r"Hello", "".join(told))
