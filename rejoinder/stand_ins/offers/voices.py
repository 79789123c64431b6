"""Voices: GPT-SoVITS, CosyVoice, Fish-Speech, ChatTTS, Piper, F5-TTS."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rejoinder.stand_ins import tones
from rejoinder.stand_ins.offers.offer import (
    RECORDED,
    RECORDING_HZ,
    Fault,
    Offer,
    Wanted,
    faults_of,
)
from rejoinder.stand_ins.pcm_server import (
    ChatTTSStandIn,
    CosyVoiceStandIn,
    F5SocketStandIn,
    FishSpeechStandIn,
    GptSovitsStandIn,
    PiperStandIn,
    WyomingStandIn,
)
from rejoinder.stand_ins.sound_files import wav

_RECORDING_S = 5
"""What all engines take."""
_SPEAKER = "英文男"
"""CosyVoice's man who speaks English."""
_STREAMED: Mapping[str, Fault] = faults_of(lambda server: [server.how], streams=True)
_BARE: Mapping[str, Fault] = {
    name: fault for name, fault in _STREAMED.items() if not name.isdecimal()
}
"""Of what is asked without HTTP, and knows no statuses."""


def voices_file(wanted: Wanted) -> Path:
    """The file of cloned voices that the settings name."""
    return wanted.folder / "voices.toml"


def recording(wanted: Wanted) -> Path:
    """The recording that is in it."""
    return wanted.folder / "anna.wav"


def write_a_voice(wanted: Wanted) -> None:
    """Write a recording of a voice, and the file of cloned voices that has it. Blocks.

    What is there already stays: a worker that runs has read it.
    """
    size = 2 * _RECORDING_S * RECORDING_HZ
    said = wanted.recording or tones.speak(range(len(RECORDED.split())), rate_hz=RECORDING_HZ)
    _write(recording(wanted), wav(said[:size].ljust(size, b"\0"), rate_hz=RECORDING_HZ))
    # A text of JSON is one of TOML.
    audio = json.dumps(str(recording(wanted)), ensure_ascii=False)
    told = f'[anna]\naudio = {audio}\ntext = "{RECORDED}"\nlanguage = "en"\n'
    _write(voices_file(wanted), told.encode())


def _write(file: Path, data: bytes) -> None:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(data)
        fresh.replace(file)


def _gpt_sovits(wanted: Wanted) -> GptSovitsStandIn:
    write_a_voice(wanted)
    path = str(recording(wanted))
    return GptSovitsStandIn(
        program=wanted.way,  # type: ignore[arg-type]  # one of the ways
        recordings={path: _RECORDING_S},
        own=path,
        speech=wanted.speech,
    )


def _gpt_sovits_settings(url: str, wanted: Wanted) -> list[str]:
    lines = ["TTS_ENGINE=gpt_sovits", f"TTS_URL={url}"]
    return [*lines, f"TTS_VOICES={voices_file(wanted)}"] if wanted.way == "api_v2" else lines


def _plain(kind: Any, **fields: Any) -> Any:
    return lambda wanted: kind(speech=wanted.speech, **fields)


def _named(engine: str, *more: str) -> Any:
    return lambda url, wanted: [f"TTS_ENGINE={engine}", f"TTS_URL={url}", *more]


VOICES: Mapping[str, Offer] = {
    "gpt-sovits": Offer(
        "GPT-SoVITS, api_v2.py with a recording of a voice (--way api: api.py)",
        9880,
        "http://127.0.0.1:{port}",
        _gpt_sovits,
        _gpt_sovits_settings,
        _STREAMED,
        ways=("api_v2", "api"),
    ),
    "cosyvoice": Offer(
        "CosyVoice's FastAPI server",
        50000,
        "http://127.0.0.1:{port}",
        _plain(CosyVoiceStandIn),
        _named("cosyvoice", f"TTS_VOICE={_SPEAKER}"),
        _STREAMED,
    ),
    "fish-speech": Offer(
        "Fish-Speech's API server with a saved voice",
        8080,
        "http://127.0.0.1:{port}",
        _plain(FishSpeechStandIn),
        _named("fish_speech", "TTS_VOICE=anna"),
        _STREAMED,
    ),
    "chattts": Offer(
        "ChatTTS, examples/api/main.py (--way openai_api: the one that streams)",
        8000,
        "http://127.0.0.1:{port}",
        lambda wanted: ChatTTSStandIn(
            program=wanted.way,  # type: ignore[arg-type]  # one of the ways
            speech=wanted.speech,
        ),
        _named("chattts"),
        _STREAMED,
        ways=("main", "openai_api"),
    ),
    "piper": Offer(
        "Piper's HTTP server",
        5000,
        "http://127.0.0.1:{port}",
        _plain(PiperStandIn),
        _named("piper", "TTS_VOICE=en_US-lessac-medium"),
        _STREAMED,
    ),
    "wyoming": Offer(
        "a voice behind Wyoming over TCP, as wyoming-piper is one",
        10200,
        "tcp://127.0.0.1:{port}",
        _plain(WyomingStandIn),
        _named("piper", "TTS_VOICE=en_US-lessac-medium"),
        _BARE,
    ),
    "f5-tts": Offer(
        "F5-TTS's socket server",
        9998,
        "tcp://127.0.0.1:{port}",
        _plain(F5SocketStandIn),
        _named("f5_tts"),
        _BARE,
    ),
}
