"""`TURN_EAGERNESS=auto` and `STT_HEDGE=auto` go by who runs the recogniser."""

from pathlib import Path

import pytest

from agent.call.line_ups import pace_of
from agent.call.session import eagerness
from agent.settings import load as settings
from agent.settings.load import Settings

OWN = [
    {"STT_ENGINE": "whisper"},
    {"STT_URL": "http://127.0.0.1:8101/v1"},
    {"STT_URL": "http://[::1]:8101/v1"},
    {"STT_URL": "http://192.168.1.7:8101/v1"},
    {"STT_URL": "http://whisper:8101/v1"},
    {"STT_URL": "https://gpu.lan/v1"},
    {"STT_ENGINE": "gradio", "STT_URL": "http://10.0.0.4:7860"},
]
HOSTED = [
    {"STT_URL": "https://api.openai.com/v1"},
    {"STT_URL": "https://8.8.8.8/v1"},
    {"STT_ENGINE": "gradio", "STT_URL": "https://m4t.hf.space"},
    {"STT_ENGINE": "gradio", "STT_URL": "facebook/seamless-m4t-v2-large"},
]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(environ: dict[str, str]) -> Settings:
    return settings.load(environ={"STT_ENGINE": "openai", **environ})


@pytest.mark.parametrize("environ", OWN, ids=str)
def test_ones_own_is_asked_freely_and_never_twice(environ: dict[str, str]) -> None:
    chosen = load(environ)
    assert eagerness(chosen) == "eager"
    assert pace_of("stt", chosen.stt[0]) is None


@pytest.mark.parametrize("environ", HOSTED, ids=str)
def test_a_hosted_one_is_asked_at_pauses_and_again_when_it_is_slow(
    environ: dict[str, str],
) -> None:
    chosen = load(environ)
    assert eagerness(chosen) == "pauses"
    assert pace_of("stt", chosen.stt[0]) is not None


@pytest.mark.parametrize("environ", [OWN[0], HOSTED[0]], ids=str)
def test_what_was_set_wins(environ: dict[str, str]) -> None:
    chosen = load({**environ, "TURN_EAGERNESS": "patient", "STT_HEDGE": "off"})
    assert eagerness(chosen) == "patient"
    assert pace_of("stt", chosen.stt[0]) is None
