"""What is asked of Whisper and what is made of its answers, with a scripted Whisper."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from model_servers.serving.errors import BadRequest
from model_servers.serving.wav import wav_header
from model_servers.whisper.model import Recogniser
from model_servers.whisper.settings import WhisperSettings
from model_servers.whisper.transcript import Heard, Piece
from model_servers.whisper.wish import Wish

STAY = threading.Event()
"""Never set."""


def noise(length_s: float) -> bytes:
    pcm = np.random.default_rng(0).normal(0, 3000, int(16000 * length_s)).astype("<i2").tobytes()
    return wav_header(16000, len(pcm)) + pcm


def segment(text: str, **measures: float) -> Any:
    usual = {
        "start": 0.0,
        "end": 1.0,
        "avg_logprob": -0.2,
        "no_speech_prob": 0.01,
        "compression_ratio": 1.0,
        "temperature": 0.0,
    }
    return SimpleNamespace(text=text, tokens=[1, 2], words=None, **usual | measures)


@dataclass
class ScriptedWhisper:
    """Answers with the next script each time; notes what it was asked."""

    scripts: list[list[Any]]
    multilingual: bool = True
    asked: list[dict[str, Any]] = field(default_factory=list)
    windows: list[int | None] = field(default_factory=list)
    call: Any = field(default_factory=SimpleNamespace)

    @property
    def model(self) -> Any:
        return SimpleNamespace(is_multilingual=self.multilingual)

    def transcribe(self, samples: np.ndarray, **options: Any) -> tuple[Iterator[Any], Any]:
        self.asked.append(options)
        self.windows.append(getattr(self.call, "frames", None))
        language = options["language"] or "de"
        return iter(self.scripts.pop(0)), SimpleNamespace(
            language=language, language_probability=0.9
        )


def recogniser(whisper: ScriptedWhisper, **settings: Any) -> Recogniser:
    languages = {"en", "de", "zh", "yue"} if whisper.multilingual else {"en"}
    return Recogniser(
        "scripted",
        "cpu",
        "int8",
        frozenset(languages),
        WhisperSettings(speech_gate=False, **settings),
        whisper,  # type: ignore[arg-type]
    )


def text_of(
    whisper: ScriptedWhisper, wish: Wish | None = None, length_s: float = 2.0, **settings: Any
) -> tuple[str, Heard]:
    made = recogniser(whisper, **settings)
    *pieces, heard = made.transcribe(noise(length_s), wish or Wish(), STAY)
    assert isinstance(heard, Heard)
    return "".join(p.text for p in pieces if isinstance(p, Piece)), heard


def test_low_latency_decoding_is_asked_for() -> None:
    whisper = ScriptedWhisper([[segment(" Hi.")]])
    text, heard = text_of(whisper)
    asked = whisper.asked[0]
    assert text == " Hi."
    assert heard.duration_s == 2.0
    assert (asked["beam_size"], asked["temperature"]) == (1, 0.0)
    assert asked["without_timestamps"]
    assert not asked["condition_on_previous_text"]
    assert asked["max_new_tokens"] == 24 + 32 * 2
    assert whisper.windows == [None]


def test_time_stamps_are_made_when_they_are_wanted_or_audio_needs_several_windows() -> None:
    whisper = ScriptedWhisper([[], [], []])
    text_of(whisper, Wish(format="srt"))
    text_of(whisper, Wish(words=True))
    text_of(whisper, length_s=31)
    assert [a["without_timestamps"] for a in whisper.asked] == [False] * 3
    assert [a["word_timestamps"] for a in whisper.asked] == [False, True, False]
    assert whisper.asked[2]["max_new_tokens"] is None


@pytest.mark.parametrize(
    ("measures", "kept"),
    [
        ({}, True),
        ({"no_speech_prob": 0.9}, True),
        ({"avg_logprob": -2.0}, True),
        ({"no_speech_prob": 0.9, "avg_logprob": -2.0}, False),
        ({"compression_ratio": 3.0}, False),
    ],
)
def test_inventions_are_dropped_and_doubtful_speech_is_kept(
    measures: dict[str, float], kept: bool
) -> None:
    whisper = ScriptedWhisper([[segment(" One."), segment(" Two.", **measures)]])
    assert text_of(whisper)[0] == (" One. Two." if kept else " One.")


def test_thresholds_are_settings() -> None:
    whisper = ScriptedWhisper([[segment(" One.", compression_ratio=3.0)]])
    assert text_of(whisper, compression_ratio_threshold=5.0)[0] == " One."


@pytest.mark.parametrize(
    ("tag", "setting", "code"),
    [("zh-CN", "auto", "zh"), ("", "de", "de"), ("en", "de", "en"), ("auto", "de", None)],
)
def test_the_language_comes_from_the_request_then_the_setting(
    tag: str, setting: str, code: str | None
) -> None:
    whisper = ScriptedWhisper([[segment(" x")]])
    _, heard = text_of(whisper, Wish(language=tag), language=setting)
    assert whisper.asked[0]["language"] == code
    assert heard.language == (code or "de")


def test_an_english_model_is_always_asked_for_english() -> None:
    whisper = ScriptedWhisper([[segment(" x")]], multilingual=False)
    text_of(whisper, Wish(language="auto"))
    assert whisper.asked[0]["language"] == "en"


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (Wish(language="xx"), "does not know"),
        (Wish(language="klingon language"), "must be a code"),
    ],
)
def test_a_language_that_the_model_does_not_know_is_refused(wish: Wish, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        recogniser(ScriptedWhisper([])).check(wish)


def test_translation_is_passed_on_by_a_multilingual_model() -> None:
    whisper = ScriptedWhisper([[segment(" x")]])
    wish = Wish(task="translate")
    recogniser(whisper).check(wish)
    text_of(whisper, wish)
    assert whisper.asked[0]["task"] == "translate"


@pytest.mark.parametrize("how", ["setting", "interim"])
def test_a_fitting_window_is_used_where_that_is_wanted(how: str) -> None:
    whisper = ScriptedWhisper([[segment(" Hi.")]])
    wish = Wish(priority="interim" if how == "interim" else "final")
    assert text_of(whisper, wish, window="fit" if how == "setting" else "full")[0] == " Hi."
    assert whisper.windows == [1200]
    assert text_of(ScriptedWhisper([[segment(" Hi.")]]), length_s=15, window="fit")[0] == " Hi."


@pytest.mark.parametrize(
    "doubtful",
    [
        [],
        [segment(" Hi.", avg_logprob=-1.1)],
        [segment(" Hi.", compression_ratio=9.0)],
        [segment(" Hello? Can you hear me? Hello? Can you hear me?")],
        [segment(" yes yes yes")],
    ],
)
def test_a_doubtful_result_of_the_fitting_window_is_made_again_with_the_full_one(
    doubtful: list[Any],
) -> None:
    whisper = ScriptedWhisper([doubtful, [segment(" Right.")]])
    assert text_of(whisper, window="fit")[0] == " Right."
    assert whisper.windows == [1200, None]


def test_a_word_that_the_model_hardly_knows_is_not_asked_again() -> None:
    whisper = ScriptedWhisper([[segment(" What is Barge in?", avg_logprob=-0.7)]])
    assert text_of(whisper, window="fit")[0] == " What is Barge in?"
    assert whisper.windows == [1200]


def test_digital_silence_never_reaches_the_model() -> None:
    made = recogniser(ScriptedWhisper([]))
    upload = wav_header(16000, 32000) + bytes(32000)
    assert [type(x) for x in made.transcribe(upload, Wish(), STAY)] == [Heard]
