"""The file of cloned voices: what is wrong in it is told by its line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.audio.pcm import to_wav
from agent.errors import ConfigError
from agent.tts.cloned_voices import read_recordings, read_voices
from agent.tts.gpt_sovits.engine import check_voices
from agent.tts.gpt_sovits.options import Options


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "voices.toml"


def test_voices_are_read_in_their_order(file: Path) -> None:
    file.write_text('[b]\naudio = "b.wav"\n["a b"]\naudio = "a.wav"\nlanguage = "auto"\n')
    read = read_voices(file)
    assert list(read.voices) == ["b", "a b"]
    assert read.voices["a b"].language == ""
    assert read.place("a b", "audio") == f"{file}:4"
    assert read.place("b", "text") == f"{file}:1"


@pytest.mark.parametrize(
    ("text", "changed", "complaint"),
    [
        ("[anna]\n", {}, r"voices.toml:1: \[anna\] lacks audio"),
        ('[anna]\naudio = "a"\nvolume = 2\n', {}, r"voices.toml:3: \[anna\] volume is not known"),
        ('[anna]\naudio = "a"\nspeed = 9\n', {}, r"voices.toml:3: \[anna\] speed: .* 4"),
        ('[anna]\naudio = "a\n', {}, r"voices.toml:2: Illegal"),
        ('audio = "a"\n', {}, r"voices.toml:1: audio belongs to no voice"),
        ("# nothing\n", {}, r"voices.toml has no voice"),
        ('[a]\naudio = "a"\nspeaks = "de"\n', {}, r"voices.toml:3: \[a\] speaks: .*not speak de"),
        ('[a]\naudio = "a"\n', {"voice": "b"}, r"TTS_VOICE=b is not in .*, which has a"),
        ('[a]\naudio = "a"\n', {"model_version": "v4"}, r"voices.toml:2: \[a\] lacks text: .*v4"),
        (
            '[a]\naudio = "a"\ngpt_weights = "x"\n["b"]\naudio = "b"\n',
            {},
            r"voices.toml:4: \[b\] needs gpt_weights",
        ),
    ],
)
def test_what_is_wrong_in_it_is_told_by_its_line(
    file: Path, text: str, changed: dict[str, Any], complaint: str
) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        check_voices(read_voices(file), Options(**changed))


def test_a_recording_on_this_machine_must_be_of_a_length_that_gpt_sovits_takes(file: Path) -> None:
    for seconds, fits in ((2.9, False), (3.1, True), (9.9, True), (10.2, False)):
        recording = to_wav(np.zeros(int(16000 * seconds), np.float32), rate_hz=16000)
        (file.parent / "here.wav").write_bytes(recording)
        file.write_text('# mine\n\n[anna]\naudio = "here.wav"\n')
        if fits:
            check_voices(read_voices(file), Options())
            continue
        with pytest.raises(ConfigError, match=rf"voices.toml:4: \[anna\] .* {seconds} s long"):
            check_voices(read_voices(file), Options())


def test_a_file_or_a_recording_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"TTS_VOICES=.*voices.toml cannot be read: No such"):
        read_voices(file)
    file.write_text('[a]\naudio = "a.wav"\n')
    with pytest.raises(ConfigError, match=r"voices.toml:2: \[a\] audio: .*a.wav cannot be read"):
        read_recordings(read_voices(file))
