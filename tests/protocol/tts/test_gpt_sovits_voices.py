"""Engine `gpt_sovits`: turns of its voices, their weights, and what the probe says."""

import asyncio
from typing import Any

import pytest
from livekit.agents import APIConnectionError, APIStatusError

from agent.errors import EngineUnavailable
from agent.tts.gpt_sovits import server as server_room
from agent.tts.gpt_sovits.engine import probe
from agent.tts.other_voice import with_voice
from testbed.waiting import until
from tests.protocol.tts.contract import ONCE, WORDS, audio
from tests.protocol.tts.served_contract import bare
from tests.protocol.tts.sovits_bench import TRAINED, VOICES, SovitsBench, SovitsRig

ONE_PACE = VOICES.replace("speed = 0.5\n", "")
"""Words said more slowly are other tones."""


@pytest.fixture
async def rig(sovits: SovitsBench) -> SovitsRig:
    return await sovits.rig()


async def test_requests_in_two_voices_wait_for_each_other(sovits: SovitsBench) -> None:
    """Each call has an engine of its own, in a process of its own."""
    sovits.write(ONE_PACE)
    sovits.server.how.between_s = 0.001
    engines = [await sovits.engine(voice=voice) for voice in ("anna", "bert")]
    heard = [SovitsRig(sovits.server, engine) for engine in engines]
    said = await asyncio.gather(*(rig.words("one two three") for rig in heard))
    assert said == [[f"{v}:{w}" for w in ("one", "two", "three")] for v in ("anna", "bert")]


async def test_without_turns_two_voices_mix(sovits: SovitsBench) -> None:
    """What the real server does, and why there are turns."""
    sovits.write(ONE_PACE)
    sovits.server.how.between_s = 0.001
    engines = [await sovits.engine(voice=v, one_at_a_time="off") for v in ("anna", "bert")]
    said = await asyncio.gather(
        *(SovitsRig(sovits.server, e).words("one two three") for e in engines)
    )
    assert said != [[f"{v}:{w}" for w in ("one", "two", "three")] for v in ("anna", "bert")]


async def test_a_request_that_is_given_up_leaves_its_turn_to_the_next(
    sovits: SovitsBench, rig: SovitsRig
) -> None:
    sovits.server.how.first_byte_s = 3600
    stream = rig.engine.synthesize("one", conn_options=ONCE)
    waiting = rig.engine.synthesize("two", conn_options=ONCE)
    await asyncio.sleep(0.1)
    await waiting.aclose()
    await stream.aclose()
    sovits.server.how.first_byte_s = 0
    assert bare(await rig.words("three")) == ["three"]


def loaded(sovits: SovitsBench) -> list[str]:
    return [path for _, path in sovits.server.weights]


async def test_a_voice_with_weights_of_its_own_has_them_loaded_once(sovits: SovitsBench) -> None:
    sovits.write(TRAINED)
    engine, another_call = await sovits.engine(), await sovits.engine()
    engine.prewarm()
    for voice in ("", "anna", "bert", "bert"):
        await audio(with_voice(engine, voice), "one")
    await audio(with_voice(another_call, "bert"), "one")
    gpt, own = "/set_gpt_weights", "/set_sovits_weights"
    assert sovits.server.weights == [
        (gpt, "anna.ckpt"), (own, "anna.pth"), (gpt, "bert.ckpt"), (own, "bert.pth"),
    ]  # fmt: skip


async def test_weights_that_nobody_has_spoken_with_for_long_are_loaded_again(
    sovits: SovitsBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sovits.write(TRAINED)
    rig = await sovits.rig()
    await rig.words("one")
    await rig.words("two")
    assert loaded(sovits) == ["anna.ckpt", "anna.pth"]
    monkeypatch.setattr(server_room, "WEIGHTS_KNOWN_S", 0.0)
    await rig.words("three")
    assert loaded(sovits) == ["anna.ckpt", "anna.pth"] * 2


async def test_weights_of_which_one_half_was_loaded_are_not_taken_for_the_ones_before(
    sovits: SovitsBench,
) -> None:
    sovits.write(TRAINED)
    rig = await sovits.rig()
    await rig.words("one")
    sovits.server.unloadable.add("bert.pth")
    with pytest.raises(APIStatusError):
        await rig.words("two", engine=with_voice(rig.engine, "bert"))
    await rig.words("three")
    assert loaded(sovits) == ["anna.ckpt", "anna.pth", "bert.ckpt", "anna.ckpt", "anna.pth"]


async def test_a_server_that_is_lost_in_the_middle_may_come_back_with_other_weights(
    sovits: SovitsBench,
) -> None:
    sovits.write(TRAINED)
    rig = await sovits.rig()
    await rig.die(first=True)
    with pytest.raises(APIConnectionError):
        await rig.words(WORDS)
    await rig.recover()
    await rig.words("one")
    assert loaded(sovits) == ["anna.ckpt", "anna.pth"] * 2


async def test_loading_without_an_end_in_the_background_does_not_keep_the_turn(
    sovits: SovitsBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sovits.write(TRAINED)
    monkeypatch.setattr(server_room, "LOADING_S", 0.1)
    sovits.server.loading_s = 3600
    early, rig = await sovits.engine(), await sovits.rig()
    early.prewarm()
    await until(lambda: "/set_gpt_weights" in sovits.server.asked, "it loads")
    sovits.server.loading_s = 0
    assert bare(await rig.words("one")) == ["one"]


@pytest.mark.parametrize(("program", "voice"), [("api_v2", "anna"), ("api", "bert")])
async def test_the_probe_says_which_program_and_voice_answered(
    sovits: SovitsBench, program: str, voice: str
) -> None:
    sovits.server.program = program
    said = await probe(sovits.options(voice=voice))
    assert said.startswith(f"{program}.py at 127.0.0.1:")
    assert f"voice {voice}: first audio after" in said


async def test_the_probe_says_what_to_do(sovits: SovitsBench) -> None:
    async def complaint(**changed: Any) -> str:
        with pytest.raises(EngineUnavailable) as caught:
            await probe(sovits.options(**changed))
        return str(caught.value)

    sovits.write(VOICES.replace("anna.wav", "2003-10.wav"))
    assert "voices.toml:2: the path must be one on the server's machine" in await complaint()
    sovits.write(VOICES)
    del sovits.server.recordings["/srv/anna.wav"]
    assert "voices.toml:2: the path must be one on the server's machine" in await complaint()
    sovits.server.recordings["/srv/anna.wav"] = 5.0
    assert "TTS_VOICES" in await complaint(voices=None)
    sovits.server.inference_fails = True
    assert "the second of silence of a model that failed" in await complaint()
    sovits.server.inference_fails, sovits.server.rate_hz = False, 48000
    assert "set TTS_MODEL_VERSION to the server's" in await complaint(media_type="raw")
    sovits.server.how.malformed = True
    assert "does not send speech" in await complaint()
    sovits.server.how.malformed, sovits.server.how.status = False, 500
    assert "stand-in fault 500" in await complaint()
    sovits.server.how.status, sovits.server.api_key = 200, "right"
    assert "set TTS_API_KEY" in await complaint()
    assert "is `python api_v2.py" in await complaint(url="http://127.0.0.1:9")
