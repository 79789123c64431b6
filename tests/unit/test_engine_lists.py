"""`STT_ENGINE=a,b`: whose setting each variable is, and what is said of wrong ones."""

from pathlib import Path
from typing import Any

import pytest

from agent.errors import ConfigError
from agent.settings import load as settings
from agent.settings.load import Settings


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(**environ: str) -> Settings:
    return settings.load(environ=environ)


def mistakes(**environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(**environ)
    return str(caught.value).splitlines()


def options(effective: Settings, at: int) -> dict[str, Any]:
    return effective.stt[at].options.model_dump()


def test_the_first_choice_is_first() -> None:
    effective = load(LLM_ENGINE="bedrock, openai ,handbook")
    assert [choice.engine for choice in effective.llm] == ["bedrock", "openai", "handbook"]
    assert [str(choice) for choice in effective.llm] == ["bedrock", "openai", "handbook"]


def test_each_engine_has_settings_of_its_own() -> None:
    effective = load(
        STT_ENGINE="openai:near,openai:far,whisper",
        STT_NEAR_URL="http://near/v1",
        STT_FAR_URL="http://far/v1",
        STT_FAR_MODEL="large",
        STT_FAR_TIMEOUT_S="2.5",
        STT_FAR_HEDGE="off",
        STT_WHISPER_CPU_THREADS="3",
    )
    assert [str(choice) for choice in effective.stt] == ["openai:near", "openai:far", "whisper"]
    assert [options(effective, at).get("url") for at in range(3)] == [
        "http://near/v1", "http://far/v1", None,
    ]  # fmt: skip
    assert [options(effective, at)["model"] for at in range(3)] == [
        "whisper-1", "large", "embedded",
    ]  # fmt: skip
    assert options(effective, 2)["cpu_threads"] == 3
    assert [choice.timeout_s for choice in effective.stt] == [6.0, 2.5, 6.0]
    assert [choice.hedge for choice in effective.stt] == ["auto", "off", "auto"]


def test_the_stages_own_name_is_for_the_first_that_has_it_and_never_takes_a_key_elsewhere() -> None:
    effective = load(
        STT_ENGINE="openai,gradio,whisper",
        STT_URL="http://one/v1",
        STT_API_KEY="secret",
        STT_GRADIO_URL="http://two",
        STT_CPU_THREADS="2",
    )
    first, second, third = (options(effective, at) for at in range(3))
    assert first["url"] == "http://one/v1"
    assert first["api_key"].get_secret_value() == "secret"
    assert second["url"] == "http://two"
    assert second["api_key"] is None
    assert third["cpu_threads"] == 2


def test_what_is_so_of_the_caller_is_set_for_all_and_differently_for_one() -> None:
    effective = load(
        STT_ENGINE="openai:near,openai:far,whisper",
        STT_LANGUAGE="de",
        STT_PROMPT="LiveKit",
        STT_FAR_LANGUAGE="de-AT",
        STT_WHISPER_MODEL="small",
    )
    assert [options(effective, at)["language"] for at in range(3)] == ["de", "de-AT", "de"]
    assert [options(effective, at)["prompt"] for at in range(3)] == ["LiveKit"] * 3


def test_the_language_that_is_spoken_is_set_for_all_voices() -> None:
    effective = load(
        TTS_ENGINE="gpt_sovits,cosyvoice,fish_speech,chattts,f5_tts,polly", TTS_LANGUAGE="zh"
    )
    assert [choice.options.model_dump()["language"] for choice in effective.tts] == ["zh"] * 6


def test_ones_own_name_wins_wherever_it_is_set(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("STT_NEAR_URL=http://file/v1\n")
    effective = load(STT_ENGINE="openai:near,whisper", STT_URL="http://environment/v1")
    assert options(effective, 0)["url"] == "http://file/v1"


def test_a_list_that_shrinks_to_one_keeps_its_settings() -> None:
    assert options(load(STT_ENGINE="openai", STT_OPENAI_URL="http://a/v1"), 0)["url"] == (
        "http://a/v1"
    )
    assert options(load(STT_ENGINE="openai:near", STT_NEAR_URL="http://a/v1"), 0)["url"] == (
        "http://a/v1"
    )
    both = load(STT_ENGINE="openai", STT_OPENAI_URL="http://a/v1", STT_URL="http://b/v1")
    assert options(both, 0)["url"] == "http://b/v1"


def test_values_tell_the_engines_own_name_and_where_each_came_from() -> None:
    effective = load(
        STT_ENGINE="openai:near,openai:far",
        STT_URL="http://a/v1",
        STT_FAR_API_KEY="very-secret",
        OPENAI_BASE_URL="http://shared/v1",
    )
    told = {value.name: (value.shown, value.origin) for value in effective.values}
    assert told["STT_NEAR_URL"] == ("http://a/v1", "STT_URL")
    assert told["STT_FAR_URL"] == ("http://shared/v1", "OPENAI_BASE_URL")
    assert told["STT_FAR_API_KEY"][1] == "environment"
    assert "secret" not in told["STT_FAR_API_KEY"][0]
    assert "STT_URL" not in told


@pytest.mark.parametrize(
    ("engines", "said"),
    [
        ("openai,openai", "STT_ENGINE='openai,openai' names openai and openai alike"),
        ("openai:a,whisper:A", "names openai:a and whisper:A alike"),
        (",", "STT_ENGINE=',' names no engine"),
        ("auto,whisper", "auto chooses one engine"),
        ("openai:,whisper", "'openai:' is not ENGINE or ENGINE:NAME"),
        ("openai:2nd", "'openai:2nd' is not ENGINE or ENGINE:NAME"),
        ("openai,wisper", "did you mean whisper?"),
    ],
)
def test_a_wrong_list_is_refused_with_the_reason(engines: str, said: str) -> None:
    (mistake,) = mistakes(STT_ENGINE=engines)
    assert said in mistake


def test_all_mistakes_are_told_at_once_by_the_names_that_were_set() -> None:
    found = mistakes(
        STT_ENGINE="openai:near,openai:far,gradio",
        STT_NEAR_URL="no address",
        STT_FAR_TIMEOUT_S="never",
        STT_LANGUAGE="klingonisch",
        STT_FAR_MODLE="x",
    )
    assert sorted(line.split(":")[0] for line in found[:-1]) == [
        "STT_FAR_TIMEOUT_S='never'",
        "STT_GRADIO_URL",
        "STT_LANGUAGE='klingonisch'",
        "STT_NEAR_URL='no address'",
    ]
    assert found[-1] == (
        "STT_FAR_MODLE (environment) is not a setting; did you mean STT_FAR_MODEL?"
    )


def test_a_setting_of_an_engine_that_is_not_in_the_list_is_noted() -> None:
    effective = load(STT_ENGINE="openai,whisper", STT_GRADIO_URL="http://a")
    assert effective.notes == (
        "STT_GRADIO_URL (environment) belongs to the engine gradio and has no effect now",
    )


def test_an_engine_speaks_of_its_settings_by_their_own_names() -> None:
    near, alone = load(STT_ENGINE="openai:near,whisper").stt[0], load(STT_ENGINE="openai").stt[0]
    said = "set STT_API_KEY (or OPENAI_API_KEY), STT_URL to end in /v1; STT_URLS, STT_ENGINE"
    assert near.by_its_names("stt", said) == (
        "set STT_NEAR_API_KEY (or OPENAI_API_KEY), STT_NEAR_URL to end in /v1; STT_URLS, STT_ENGINE"
    )
    assert alone.by_its_names("stt", said) == said
