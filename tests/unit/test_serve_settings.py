"""Settings of the model servers: flags, variables and what is said about mistakes."""

from pathlib import Path

import pytest

from model_servers.serving.errors import StartError
from model_servers.serving.settings import read_settings
from model_servers.tts.settings import SpeechSettings
from model_servers.whisper import settings as whisper
from model_servers.whisper.settings import PREFIX, WhisperSettings


def read(*argv: str, **environ: str) -> WhisperSettings:
    return read_settings(
        WhisperSettings,
        program="whisper",
        summary="",
        prefix=PREFIX,
        argv=argv,
        environ=environ,
    )


def test_defaults_are_loopback_the_documented_ports_and_the_embedded_model() -> None:
    settings = read()
    assert (settings.host, settings.port, settings.model) == ("127.0.0.1", 8101, "embedded")
    assert SpeechSettings().port == 8102
    assert settings.api_key is None


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_default() -> None:
    settings = read("--port", "1", SERVE_WHISPER_PORT="2", SERVE_WHISPER_MODEL="small")
    assert (settings.port, settings.model, settings.device) == (1, "small", "auto")


def test_switches_have_a_flag_for_off_and_a_variable() -> None:
    assert not read("--no-page").page
    assert not read(SERVE_WHISPER_PAGE="false").page
    assert read("--page", SERVE_WHISPER_PAGE="0").page


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read(SERVE_WHISPER_MODELS_DIR="", SERVE_WHISPER_PORT=" ").port == 8101


def test_all_mistakes_are_reported_at_once_under_the_names_they_were_made_with() -> None:
    with pytest.raises(StartError) as error:
        read(
            "--beam-size",
            "99",
            SERVE_WHISPER_DEVICE="gpu",
            SERVE_WHISPER_TIMEOUT="3",
            SERVE_WHISPER_MODLE="x",
        )
    message = str(error.value)
    assert "--beam-size=99: " in message
    assert "SERVE_WHISPER_DEVICE=gpu: " in message
    assert (
        "SERVE_WHISPER_TIMEOUT is not a setting; did you mean SERVE_WHISPER_TIMEOUT_S?" in message
    )
    assert "SERVE_WHISPER_MODLE is not a setting; did you mean SERVE_WHISPER_MODEL?" in message


def test_a_key_is_never_shown() -> None:
    settings = read(SERVE_WHISPER_API_KEY="hunter2")
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings)


def test_an_empty_key_on_the_command_line_is_refused_and_opens_nothing() -> None:
    with pytest.raises(StartError, match="--api-key"):
        read("--api-key", "")


def test_what_kubernetes_sets_for_a_service_of_that_name_is_no_mistake() -> None:
    settings = read(
        SERVE_WHISPER_SERVICE_HOST="10.0.0.1",
        SERVE_WHISPER_PORT="tcp://10.0.0.1:8101",
        SERVE_WHISPER_PORT_8101_TCP_ADDR="10.0.0.1",
    )
    assert settings.port == 8101


def test_help_names_every_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        whisper.read_settings(["--help"])
    assert leaving.value.code == 0
    text = "".join(capsys.readouterr().out.split())
    for name in WhisperSettings.model_fields:
        assert PREFIX + name.upper() in text


@pytest.mark.parametrize("model", [WhisperSettings, SpeechSettings])
def test_every_setting_has_a_sentence(model: type[WhisperSettings]) -> None:
    assert [n for n, f in model.model_fields.items() if not f.description] == []


def test_paths_are_paths(tmp_path: Path) -> None:
    assert read("--models-dir", str(tmp_path)).models_dir == tmp_path
