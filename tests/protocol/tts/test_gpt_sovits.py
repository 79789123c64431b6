"""Engine `gpt_sovits`: what it asks of a local server that speaks the wire of both its programs."""

import pytest
from livekit.agents import APIConnectionError, APIStatusError

from agent.errors import ConfigError, EngineUnavailable
from agent.tts.gpt_sovits.engine import probe
from agent.tts.other_voice import with_voice
from tests.protocol.tts.contract import AGAIN, audio
from tests.protocol.tts.served_contract import ServedContract, WireContract, bare
from tests.protocol.tts.sovits_bench import SovitsBench, SovitsRig


@pytest.fixture
async def rig(sovits: SovitsBench) -> SovitsRig:
    return await sovits.rig()


class TestContract(ServedContract):
    pass


class TestContractOfTheClassicProgram(WireContract):
    @pytest.fixture(autouse=True)
    def _classic(self, sovits: SovitsBench) -> None:
        sovits.server.program = "api"


async def test_a_voice_is_asked_for_by_its_recording(rig: SovitsRig) -> None:
    await rig.words("Hello there.")
    assert rig.sent == {
        "text": "Hello there.",
        "text_lang": "auto",
        "ref_audio_path": "/srv/anna.wav",
        "prompt_text": "What Anna says.",
        "prompt_lang": "en",
        "aux_ref_audio_paths": [],
        "top_k": 15,
        "top_p": 1.0,
        "temperature": 1.0,
        "text_split_method": "cut0",
        "batch_size": 1,
        "speed_factor": 1.0,
        "fragment_interval": 0.3,
        "seed": -1,
        "media_type": "wav",
        "streaming_mode": 1,
        "repetition_penalty": 1.35,
        "sample_steps": 32,
        "super_sampling": False,
    }
    await rig.words("Hello there,")
    assert rig.sent["fragment_interval"] == 0.05


async def test_voice_and_speed_may_be_of_one_call(rig: SovitsRig) -> None:
    one_call = with_voice(rig.engine, "bert", speed=1.5)
    await audio(one_call, "one")
    assert rig.sent["ref_audio_path"] == "/srv/bert.wav"
    assert rig.sent["aux_ref_audio_paths"] == ["/srv/bert-2.wav", "/srv/bert-3.wav"]
    assert (rig.sent["prompt_lang"], rig.sent["text_lang"]) == ("zh", "ja")
    assert rig.sent["speed_factor"] == 0.75
    await audio(rig.engine, "one")
    assert rig.sent["ref_audio_path"] == "/srv/anna.wav"


async def test_a_voice_that_the_file_lacks_is_refused_here(rig: SovitsRig) -> None:
    with pytest.raises(APIStatusError) as caught:
        await audio(with_voice(rig.engine, "nobody"), "one two", AGAIN)
    assert caught.value.status_code == 422
    assert not caught.value.retryable
    assert rig.server.requests == []


@pytest.mark.parametrize("media_type", ["wav", "raw", "ogg"])
@pytest.mark.parametrize("streaming_mode", [0, 1, 2, 3])
async def test_all_forms_of_its_answers_are_heard(
    sovits: SovitsBench, media_type: str, streaming_mode: int
) -> None:
    rig = await sovits.rig(
        media_type=media_type, streaming_mode=streaming_mode, split_method="cut5"
    )
    said = await rig.words("one two, three four. five")
    assert " ".join(bare(said)) == "one two three four five"


@pytest.mark.parametrize(
    ("version", "super_sampling", "rate_hz"),
    [("v1", False, 32000), ("v2ProPlus", False, 32000), ("v3", False, 24000)]
    + [("v3", True, 48000), ("v4", False, 48000)],
)
async def test_bare_samples_have_the_rate_of_the_model(
    sovits: SovitsBench, version: str, super_sampling: bool, rate_hz: int
) -> None:
    sovits.server.rate_hz = rate_hz
    rig = await sovits.rig(model_version=version, super_sampling=super_sampling, media_type="raw")
    assert rig.engine.sample_rate == rate_hz
    assert bare(await rig.words("one two")) == ["one", "two"]


async def test_a_wav_of_another_version_keeps_its_pitch(rig: SovitsRig) -> None:
    rig.server.rate_hz = 48000
    assert bare(await rig.words("one two")) == ["one", "two"]


async def test_the_classic_program_is_found_and_asked_in_its_own_words(
    sovits: SovitsBench, rig: SovitsRig
) -> None:
    sovits.server.program = "api"
    assert bare(await rig.words("one two")) == ["one", "two"]
    assert rig.sent["refer_wav_path"] == "/srv/anna.wav"
    assert rig.sent["prompt_text"] == "What Anna says."
    assert (rig.sent["prompt_language"], rig.sent["text_language"]) == ("en", "auto")
    assert "cut_punc" not in rig.sent


async def test_the_classic_program_streams_one_ogg_after_the_other(sovits: SovitsBench) -> None:
    sovits.server.program, sovits.server.streams = "api", True
    rig = await sovits.rig(cut_punctuation=",.")
    assert bare(await rig.words("one two, three. four")) == ["one", "two", "three", "four"]


async def test_a_server_without_a_description_is_told_by_its_control_path(
    sovits: SovitsBench,
) -> None:
    sovits.server.described = False
    for program in ("api_v2", "api"):
        sovits.server.program = program
        rig = await sovits.rig()
        assert bare(await rig.words("one")) == ["one"]


async def test_the_classic_program_needs_the_text_of_a_recording(sovits: SovitsBench) -> None:
    sovits.write('[anna]\naudio = "/srv/anna.wav"\n')
    sovits.server.program = "api"
    engine = await sovits.engine()
    with pytest.raises(APIStatusError) as caught:
        await audio(engine, "one")
    assert caught.value.status_code == 422
    with pytest.raises(ConfigError, match=r"voices.toml:2: \[anna\] lacks text: api.py needs"):
        await sovits.engine(dialect="api")


async def test_a_model_that_fails_is_no_second_of_silence(
    sovits: SovitsBench, rig: SovitsRig
) -> None:
    sovits.server.inference_fails = True
    with pytest.raises(APIConnectionError) as caught:
        await audio(rig.engine, "one two")
    assert caught.value.retryable, "nothing was heard"
    whole = await sovits.engine(streaming_mode=0)
    with pytest.raises(APIConnectionError, match="silence") as caught:
        await audio(whole, "one two")
    assert caught.value.retryable


async def test_a_recording_that_is_too_short_breaks_the_stream_and_the_probe_says_why(
    sovits: SovitsBench, rig: SovitsRig
) -> None:
    sovits.server.recordings["/srv/anna.wav"] = 2.5
    with pytest.raises(APIConnectionError, match="broke off"):
        await audio(rig.engine, "one two")
    with pytest.raises(EngineUnavailable, match=r"voices.toml:2: give a recording of 3 to 10 s"):
        await probe(sovits.options())
