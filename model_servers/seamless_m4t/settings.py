"""Settings of the SeamlessM4T server: flags and variables `SERVE_SEAMLESS_*`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from model_servers.serving import settings as shared

PREFIX = "SERVE_SEAMLESS_"
MODEL = "facebook/seamless-m4t-v2-large"

_SUMMARY = """\
Speech and text in a hundred languages, translated and written down: SeamlessM4T-v2 behind the
Gradio endpoints of its public demo (/s2tt, /s2st, /asr, /t2tt, /t2st) and an OpenAI-compatible
HTTP interface (/v1/audio/transcriptions, /v1/audio/translations), which streams. The port
answers at once; /ready turns 200 when the model is loaded."""


class SeamlessSettings(shared.ServerSettings):
    """Everything a person may set; units are part of the names."""

    port: int = Field(7860, ge=0, le=65535, description="TCP port; 0 takes a free one")
    model: str = Field(
        MODEL,
        min_length=1,
        description="a folder with a SeamlessM4T-v2 model as transformers saves it, or OWNER/NAME, "
        "downloaded once from the Hugging Face hub (9 GB)",
    )
    models_dir: Path | None = Field(
        None, description="folder for downloaded models; none: the Hugging Face cache"
    )
    device: str = Field(
        "auto",
        min_length=1,
        description="where the model runs, such as cuda:0 or cpu; auto: a GPU when there is one",
    )
    precision: Literal["auto", "float16", "bfloat16", "float32"] = Field(
        "auto", description="number format; auto: float16 on a GPU, float32 on a CPU"
    )
    cpu_threads: int = Field(
        0, ge=0, le=256, description="threads of the model on a CPU; 0: PyTorch's choice"
    )
    batch_size: int = Field(
        8,
        ge=1,
        le=256,
        description="requests that are worked on together, of those that wait with the same "
        "target language",
    )
    batch_audio_s: float = Field(
        120.0,
        gt=0,
        le=36000,
        description="most audio of a batch, its longest recording times their number, seconds: it "
        "is what fills the GPU's memory",
    )
    queue_size: int = Field(
        32,
        ge=0,
        le=10000,
        description="requests that may wait while a batch is worked on; more are refused with 429",
    )
    beam_size: int = Field(
        1,
        ge=1,
        le=10,
        description="beams of the search; with more than 1 text is not streamed as it is made",
    )
    speaker: int = Field(0, ge=0, le=199, description="voice of spoken translations, by number")
    warm_up: bool = Field(
        True, description="whether a sentence is spoken and heard before /ready says 200"
    )
    max_audio_s: float = Field(
        60.0, gt=0, le=600, description="longest audio of a request, seconds"
    )
    max_chars: int = Field(
        2000, ge=1, le=100000, description="longest text of a request, characters"
    )
    page: bool = Field(True, description="whether the Gradio page and endpoints are served")


def read_settings(argv: Sequence[str]) -> SeamlessSettings:
    """Settings from the command line and this process's environment.

    Raises:
        StartError: a name or value is wrong; the message lists every one.
    """
    return shared.read_settings(
        SeamlessSettings,
        program="python -m model_servers.seamless_m4t",
        summary=_SUMMARY,
        prefix=PREFIX,
        argv=argv,
    )
