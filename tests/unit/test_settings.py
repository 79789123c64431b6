from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.settings import load as settings
from agent.settings.load import Settings


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(**environ: str) -> Settings:
    return settings.load(environ=environ)


def mistakes(**environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(**environ)
    return str(caught.value).splitlines()


def test_with_nothing_set_every_stage_is_embedded() -> None:
    effective = load()
    assert [
        choice.engine for stage in (effective.stt, effective.llm, effective.tts) for choice in stage
    ] == [
        "whisper",
        "handbook",
        "espeak",
    ]
    assert effective.agent.name == ""


def test_one_openai_address_serves_all_three_stages() -> None:
    effective = load(OPENAI_BASE_URL="http://127.0.0.1:1/v1", OPENAI_API_KEY="secret")
    for (choice,) in (effective.stt, effective.llm, effective.tts):
        assert choice.engine == "openai"
        assert choice.options.model_dump()["url"] == "http://127.0.0.1:1/v1"
        assert choice.options.model_dump()["api_key"].get_secret_value() == "secret"
        assert choice.why == "OPENAI_BASE_URL is set"


def test_a_stage_of_its_own_wins_over_the_shared_address() -> None:
    effective = load(OPENAI_BASE_URL="http://a/v1", TTS_URL="http://b/v1", STT_ENGINE="whisper")
    assert effective.stt[0].engine == "whisper"
    assert effective.llm[0].options.model_dump()["url"] == "http://a/v1"
    assert effective.tts[0].options.model_dump()["url"] == "http://b/v1"


def test_flag_wins_over_environment_over_file_over_default(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("AGENT_GREETING=file\nTURN_MIN_DELAY_S=0.7\n")
    environ = {"AGENT_GREETING": "environment"}
    assert settings.load(environ=environ).agent.greeting == "environment"
    assert settings.load(environ=environ).turn.min_delay_s == 0.7
    flags = {"AGENT_GREETING": "flag"}
    assert settings.load(environ=environ, flags=flags).agent.greeting == "flag"
    origins = {v.name: v.origin for v in settings.load(environ=environ).values}
    assert origins["AGENT_GREETING"] == "environment"
    assert origins["TURN_MIN_DELAY_S"] == ".env"
    assert origins["TURN_MAX_DELAY_S"] == "default"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("TTS_VOISE", "TTS_VOICE"),
        ("TURN_MIN_SILENCE", "TURN_MIN_SILENCE_S"),
        ("LIVEKIT_API_KYE", "LIVEKIT_API_KEY"),
        ("STT_MODLE", "STT_MODEL"),
        ("LLM_INSTRUCTION", "LLM_INSTRUCTIONS"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest_right_one(name: str, nearest: str) -> None:
    assert mistakes(**{name: "x"}) == [
        f"{name} (environment) is not a setting; did you mean {nearest}?"
    ]


def test_all_mistakes_are_reported_at_once() -> None:
    found = mistakes(STT_ENGINE="wisper", TURN_VAD_THRESHOLD="2", TALK_PORT="no", TTS_VOISE="x")
    assert len(found) == 4
    assert any("wisper" in line and "did you mean whisper?" in line for line in found)
    assert any(line.startswith("TURN_VAD_THRESHOLD='2'") for line in found)
    assert any(line.startswith("TALK_PORT='no'") for line in found)


def test_a_setting_of_another_engine_is_noted_not_refused() -> None:
    effective = load(STT_PRESET="m4t_asr")
    assert any("STT_PRESET" in note and "gradio" in note for note in effective.notes)


@pytest.mark.parametrize(
    "name",
    ["STT_SERVICE_HOST", "STT_PORT", "TALK_PORT_8100_TCP_ADDR", "LIVEKIT_SOMETHING", "AGENT_OS"],
)
def test_names_that_other_software_sets_are_left_alone(name: str) -> None:
    load(**{name: "tcp://10.0.0.1:80"})


def test_a_secret_is_masked_and_never_part_of_a_mistake() -> None:
    effective = load(LIVEKIT_API_SECRET="very-secret", OPENAI_API_KEY="also-secret")
    shown = " ".join(v.shown for v in effective.values)
    assert "secret" not in shown
    assert "very-secret" not in repr(effective)


def test_an_empty_value_counts_as_not_set() -> None:
    assert load(STT_URL="  ", OPENAI_API_KEY="").stt[0].engine == "whisper"


def test_an_empty_greeting_means_that_the_caller_speaks_first() -> None:
    assert load(AGENT_GREETING="").agent.greeting == ""
    assert load().agent.greeting != ""


def test_a_named_settings_file_must_exist(empty_folder: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        settings.load(environ={}, env_file=empty_folder / "missing.env")


def test_an_engine_from_outside_is_named_by_its_module() -> None:
    effective = load(STT_ENGINE="agent.stt.openai.engine", STT_URL="http://x/v1")
    assert effective.stt[0].options.model_dump()["url"] == "http://x/v1"
    assert "cannot be imported" in mistakes(STT_ENGINE="no.such.module")[0]
    assert "lacks Options" in mistakes(STT_ENGINE="os.path")[0]


@pytest.mark.parametrize(
    "url",
    ["localhost:7880", "ftp://h", "://h", "ws://", "ws://:1", "ws://h:x", "ws://[::1", "ws://a b"],
)
@pytest.mark.parametrize("name", ["LIVEKIT_URL", "TALK_PUBLIC_URL"])
def test_an_address_that_no_livekit_server_can_have_is_refused(name: str, url: str) -> None:
    (mistake,) = mistakes(**{name: url})
    assert mistake.startswith(name)
    assert "such as ws://127.0.0.1:7880" in mistake


@pytest.mark.parametrize(
    "url", ["ws://h", "wss://h.livekit.cloud", "http://[::1]:7880/", "WSS://h/x"]
)
def test_addresses_of_livekit_servers_are_taken_as_they_are(url: str) -> None:
    assert load(LIVEKIT_URL=url).livekit.url == url
