"""Kokoro's voices in the speech server: phonemes, choice, files; espeak-ng itself is real."""

import json
import sys
import threading
import time
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_servers.serving.errors import StartError
from model_servers.tts import kokoro_voice, kokoro_weights, loading
from model_servers.tts.espeak import Espeak, library
from model_servers.tts.kokoro_phonemes import phonemizer
from model_servers.tts.kokoro_voice import MOST_PHONEMES, RATE_HZ, KokoroSpeaker, read_symbols
from model_servers.tts.pieces import USUAL
from model_servers.tts.settings import DEFAULT_VOICE, SpeechSettings
from model_servers.tts.voices import EspeakSpeaker, Speaker, Voices
from tests.protocol.model_servers.small_models import weights

STAY = threading.Event()
"""Never set."""
SYMBOLS = {symbol: number for number, symbol in enumerate('$;:,.!?—…"()“” abcdehilnoprstuvwˈəɪɹz')}


@pytest.fixture
def espeak() -> Espeak:
    return library()


@pytest.mark.parametrize(
    ("language", "text", "phonemes"),
    [
        ("en-us", "Hello there.", "həlˈO ðˈɛɹ."),
        ("en-us", "Go, my boy!", "ɡˈO, mI bˈY!"),
        ("en-us", "I would.", "ˌI wˈʊd."),
        ("en-gb", "Go now.", "ɡˌQ nˈW."),
        ("es", "Hola (amigo).", "ˈola (amˈiɣo)."),
        ("fr-fr", "Bonjour.", "bɔ̃ʒˈuʁ."),
    ],
)
def test_texts_become_the_phonemes_that_kokoro_reads(
    espeak: Espeak, language: str, text: str, phonemes: str
) -> None:
    assert phonemizer(language, espeak)(text) == phonemes


def test_a_point_within_a_word_is_no_stop(espeak: Espeak) -> None:
    read = phonemizer("en-us", espeak)
    assert "." not in read("Take 3.5 litres, please")
    assert read("Take it.").endswith(".")


class Session:
    """Stands in for the model: a third of a second of hum for each text, silence around it."""

    def __init__(self) -> None:
        self.fed: list[dict[str, Any]] = []
        self.endless = False
        """A run ends when it is told to."""
        self.begun = threading.Event()

    def get_inputs(self) -> list[Any]:
        return [type("Node", (), {"name": name}) for name in ("input_ids", "style", "speed")]

    def run(self, outputs: Any, feed: dict[str, Any], options: Any) -> list[Any]:
        self.fed.append(feed)
        self.begun.set()
        while self.endless:
            if options.terminate:
                raise RuntimeError("Exiting due to terminate flag being set to true.")
            time.sleep(0.001)
        quiet = np.zeros(RATE_HZ // 2, np.float32)
        hum = np.full(RATE_HZ // 3, 0.5, np.float32)
        return [np.concatenate([quiet, hum, quiet])[None]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "voices").mkdir()
    (tmp_path / "model.onnx").write_bytes(b"")
    (tmp_path / "vocab.json").write_text(json.dumps(SYMBOLS))
    styles = np.repeat(np.arange(510, dtype="<f4")[:, None], 256, axis=1)
    for name in ("af_heart", "bm_fable", "ef_dora", "zf_xiaobei"):
        styles.tofile(tmp_path / "voices" / f"{name}.bin")
    (tmp_path / "voices" / "xx_odd.bin").write_bytes(b"odd")
    return tmp_path


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    found = Session()
    monkeypatch.setattr(kokoro_voice, "open_session", lambda model, settings: found)
    return found


def find(folder: Path) -> dict[str, KokoroSpeaker]:
    return kokoro_weights.find(SpeechSettings(kokoro=str(folder)), library(), print)


@pytest.fixture
def no_misaki(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


@pytest.fixture
def misaki(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package that reads Chinese, as far as it is asked."""

    class Reader:
        def __call__(self, text: str) -> tuple[str, None]:
            return "ni", None

    for name, content in (("misaki", {}), ("misaki.zh", {"ZHG2P": Reader})):
        module = types.ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.usefixtures("no_misaki")
def test_a_folders_voices_speak_the_languages_of_their_names(folder: Path) -> None:
    assert {name: voice.language for name, voice in find(folder).items()} == {
        "af_heart": "en-US",
        "bm_fable": "en-GB",
        "ef_dora": "es-ES",
    }
    assert kokoro_weights.find(SpeechSettings(), library(), print) == {}


@pytest.mark.usefixtures("misaki")
def test_chinese_is_spoken_where_its_package_is(folder: Path, session: Session) -> None:
    voice = find(folder)["zf_xiaobei"]
    assert voice.language == "zh-CN"
    (sound,) = voice.speak("你好", speed=1.0, stop=STAY)
    assert len(sound) > 0


@pytest.mark.usefixtures("no_misaki")
def test_a_voice_that_nothing_can_read_to_is_left_out_and_espeak_speaks(folder: Path) -> None:
    said: list[str] = []
    settings = SpeechSettings(kokoro=str(folder))
    kokoro = kokoro_weights.find(settings, library(), said.append)
    assert len(said) == 1
    assert "uv pip install 'misaki[zh]'" in said[0]
    voices = Voices({**kokoro}, library(), "af_heart")
    assert [voices.find(tag).name for tag in ("zh", "ja", "en")] == [
        "espeak:cmn",
        "espeak:ja",
        "af_heart",
    ]


@pytest.mark.usefixtures("no_misaki")
@pytest.mark.parametrize("chosen", [{"voice": "zf_xiaobei"}, {"speakers": "zh=zf_xiaobei"}])
def test_a_setting_that_names_a_voice_without_its_package_is_refused_with_the_command(
    folder: Path, chosen: dict[str, str]
) -> None:
    with pytest.raises(StartError, match=r"zf_xiaobei .*cannot speak: .*'misaki\[zh\]'"):
        kokoro_weights.find(SpeechSettings(kokoro=str(folder), **chosen), library(), print)


def test_the_style_is_that_of_the_texts_length(folder: Path, session: Session) -> None:
    (sound,) = find(folder)["ef_dora"].speak("Hola.", speed=1.5, stop=STAY)
    (fed,) = session.fed
    numbers = fed["input_ids"][0]
    assert numbers[0] == numbers[-1] == 0
    assert fed["input_ids"].dtype == np.int64
    assert fed["style"].shape == (1, 256)
    assert fed["style"][0, 0] == len(numbers) - 2
    assert fed["speed"] == np.float32(1.5)
    assert 0.45 < len(sound) / RATE_HZ < 0.5, "of the silence around it a little is left"
    assert sound.dtype == np.int16


def test_a_long_text_is_spoken_in_parts_and_can_be_stopped(folder: Path, session: Session) -> None:
    stop = threading.Event()
    text = "hola senor " * 150
    blocks = find(folder)["ef_dora"].speak(text, speed=1.0, stop=stop)
    next(blocks)
    stop.set()
    assert list(blocks) == []
    assert len(session.fed[0]["input_ids"][0]) == MOST_PHONEMES + 2


def test_a_run_of_the_model_is_given_up_when_nobody_listens(folder: Path, session: Session) -> None:
    session.endless = True
    stop = threading.Event()
    heard: list[Any] = []
    blocks = find(folder)["ef_dora"].speak("Hola.", speed=1.0, stop=stop)
    speaking = threading.Thread(target=lambda: heard.extend(blocks))
    speaking.start()
    assert session.begun.wait(10)
    stop.set()
    speaking.join(10)
    assert not speaking.is_alive()
    assert heard == []


def test_its_pieces_are_shorter_than_a_quicker_voices(folder: Path) -> None:
    kokoro = find(folder)["ef_dora"].lengths
    assert (kokoro.first, kokoro.most) < (USUAL.first, USUAL.most)
    assert kokoro.most < USUAL.most


@pytest.mark.parametrize(
    ("speakers", "asked", "found"),
    [
        ("", "en", "en_US-hibari-heart"),
        ("", "en-GB", "bm_fable"),
        ("", "es", "ef_dora"),
        ("", "fr", "espeak:fr-fr"),
        ("", "af_heart", "af_heart"),
        ("en=af_heart", "en", "af_heart"),
        ("en=af_heart", "en-AU", "af_heart"),
        ("en=af_heart,en-GB=espeak:en-gb", "en-GB", "espeak:en-gb"),
        ("es=espeak:es", "es-MX", "espeak:es"),
    ],
)
def test_who_speaks_a_language_can_be_chosen(
    folder: Path, speakers: str, asked: str, found: str
) -> None:
    settings = SpeechSettings(kokoro=str(folder), speakers=speakers)
    trained: dict[str, Speaker] = {
        DEFAULT_VOICE: EspeakSpeaker(DEFAULT_VOICE, "en-US", "en-us", library())
    }
    trained |= kokoro_weights.find(settings, library(), print)
    voices = Voices(trained, library(), settings.voice, settings.chosen_voices())
    assert voices.find(asked).name == found


def test_the_choice_reaches_the_voices_that_are_loaded(folder: Path, session: Session) -> None:
    settings = SpeechSettings(kokoro=str(folder), speakers="en=ef_dora", voice="af_heart")
    assert loading.load(settings, print).find("en").name == "ef_dora"


def test_kokoro_may_be_the_default_and_is_listed_as_what_it_is(
    folder: Path, session: Session
) -> None:
    voices = loading.load(SpeechSettings(kokoro=str(folder), voice="af_heart"), print)
    first = voices.listing()[0]
    assert (first["id"], first["engine"], first["sample_rate"]) == ("af_heart", "kokoro", 24000)


@pytest.mark.parametrize(
    ("speakers", "reason"),
    [("es", "'es' is not LANGUAGE=VOICE"), ("es=nobody", "there is no voice 'nobody'")],
)
def test_a_wrong_choice_is_said(folder: Path, session: Session, speakers: str, reason: str) -> None:
    with pytest.raises(StartError, match=reason):
        loading.load(SpeechSettings(kokoro=str(folder), speakers=speakers), print)


@pytest.mark.parametrize("missing", ["model.onnx", "vocab.json"])
def test_what_a_folder_lacks_is_said(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(StartError, match="has none of"):
        find(folder)


def test_a_folder_without_voices_and_one_that_is_not_there_are_said(folder: Path) -> None:
    for path in folder.glob("voices/*"):
        path.unlink()
    with pytest.raises(StartError, match="has no voices of Kokoro"):
        find(folder)
    with pytest.raises(StartError, match="there is no folder"):
        find(folder / "nowhere")


@pytest.mark.parametrize(
    "table",
    [SYMBOLS, {"vocab": SYMBOLS, "n_token": 178}, {"model": {"vocab": SYMBOLS}}],
    ids=["the table alone", "config.json", "tokenizer.json"],
)
def test_the_table_of_phonemes_is_read_from_each_of_its_files(
    tmp_path: Path, table: dict[str, Any]
) -> None:
    path = tmp_path / "vocab.json"
    path.write_text(json.dumps(table))
    assert read_symbols(path) == SYMBOLS
    path.write_text("[]")
    with pytest.raises(StartError, match="is not the table"):
        read_symbols(path)


def test_what_is_taken_from_the_hub_is_pinned_by_hash() -> None:
    hashes = kokoro_weights.hashes()
    voices = [path for path in hashes if path.startswith("voices/")]
    assert len(voices) == 54
    assert {"onnx/model_quantized.onnx", "tokenizer.json"} < set(hashes)
    assert {len(digest) for digest in hashes.values()} == {64}


@pytest.mark.timeout(120)
def test_the_real_model_speaks() -> None:
    voices = find(weights("kokoro"))
    assert len(voices) >= 54 - 13, "without the packages for Chinese and Japanese"
    for name, text in (("af_heart", "Good morning."), ("ff_siwis", "Bonjour.")):
        (sound,) = voices[name].speak(text, speed=1.0, stop=STAY)
        assert 0.4 < len(sound) / RATE_HZ < 2.5
        assert np.abs(sound.astype(int)).max() > 3000
