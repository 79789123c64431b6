"""Settings of the speech server: flags and variables `SERVE_TTS_*`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from model_servers.serving import settings as shared
from model_servers.serving.errors import StartError

PREFIX = "SERVE_TTS_"
DEFAULT_VOICE = "en_US-hibari-heart"
EMBEDDED_VOICE = "en_US-joe-medium"
"""The voice of Piper that is included."""
HUB = "hub"

_SUMMARY = """\
Speech for any number of callers: hibari, Piper, Kokoro and espeak-ng behind an OpenAI-compatible
HTTP interface (/v1/audio/speech), streamed as it is made. The port answers at once; /ready
turns 200 when the default voice is loaded."""


class SpeechSettings(shared.ServerSettings):
    """Everything a person may set; units are part of the names."""

    port: int = Field(8102, ge=0, le=65535, description="TCP port; 0 takes a free one")
    voice: str = Field(
        DEFAULT_VOICE,
        min_length=1,
        description="voice of requests that name none or one of OpenAI's: hibari's English one, a "
        "Piper voice, downloaded when it is not here, one of Kokoro's, or espeak:LANGUAGE, for "
        "example espeak:fr-fr",
    )
    voices_dir: Path | None = Field(
        None, description="folder of further Piper voices, NAME.onnx with NAME.onnx.json"
    )
    download: str = Field(
        "",
        description="comma list of Piper voices to download once from rhasspy/piper-voices, "
        "for example fr_FR-siwis-medium,de_DE-thorsten-medium",
    )
    kokoro: str = Field(
        "",
        description="Kokoro-82M with its 54 voices beside Piper: a folder, or hub, from which it "
        "is downloaded once (120 MB) and checked; empty: without",
    )
    speakers: str = Field(
        "",
        description="comma list of LANGUAGE=VOICE: who speaks when a language is asked for, for "
        "example es=ef_dora,fr=fr_FR-siwis-medium; else hibari does (English), then Piper, then "
        "Kokoro, then espeak-ng",
    )
    models_dir: Path | None = Field(
        None, description="folder for downloaded voices; none: the Hugging Face cache"
    )
    device: Literal["cpu", "cuda"] = Field(
        "cpu",
        description="where Piper and Kokoro run (hibari: on one core, always); cuda needs the "
        "package onnxruntime-gpu",
    )
    cpu_threads: int = Field(
        0, ge=0, le=256, description="threads of one synthesis; 0: one for each core"
    )
    niceness: int = Field(
        5,
        ge=0,
        le=19,
        description="how far recognisers and workers on the same machine go before; 0: not at all",
    )
    concurrency: int = Field(2, ge=1, le=64, description="texts that are spoken at the same time")
    max_upload_mb: float = Field(
        1.0, gt=0, le=2048, description="largest request body, MiB; larger ones get 413"
    )
    max_speech_s: float = Field(
        600.0, gt=0, le=36000, description="longest speech of a request, seconds"
    )
    max_chars: int = Field(
        4096, ge=1, le=100000, description="longest text of a request, characters"
    )

    def chosen_voices(self) -> dict[str, str]:
        """Who speaks which language, as `speakers` says.

        Raises:
            StartError: it is no list of LANGUAGE=VOICE.
        """
        pairs = [pair.partition("=") for pair in self.speakers.split(",") if pair.strip()]
        wrong = [tag for tag, sign, name in pairs if not (sign and tag.strip() and name.strip())]
        if wrong:
            raise StartError(f"{PREFIX}SPEAKERS: {wrong[0]!r} is not LANGUAGE=VOICE")
        return {tag.strip(): name.strip() for tag, _, name in pairs}


def read_settings(argv: Sequence[str]) -> SpeechSettings:
    """Settings from the command line and this process's environment.

    Raises:
        StartError: a name or value is wrong; the message lists every one.
    """
    return shared.read_settings(
        SpeechSettings,
        program="python -m model_servers.tts",
        summary=_SUMMARY,
        prefix=PREFIX,
        argv=argv,
    )
