"""Settings of the GPT-SoVITS server: flags and variables `SERVE_GPT_SOVITS_*`.

SageMaker starts a container with the one argument `serve`: then the defaults are those that its
contract asks for (all addresses, port 8080, no key), and variables, which are all that a
deployment can set, change them as usual.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from model_servers.gpt_sovits.prefix import PREFIX
from model_servers.serving import settings as shared

SERVE = "serve"

_SUMMARY = """\
Speech in cloned voices: GPT-SoVITS behind the two routes of a SageMaker container, /ping and
/invocations. With the argument `serve`, as SageMaker starts it, it listens on all addresses
without a key. The port answers at once; /ping turns 200 when the model is loaded."""
_IN_SAGEMAKER = {
    "HOST": "0.0.0.0",
    "TRUSTED_NETWORK": "true",
    # SageMaker asks as model.aws.local:8080.
    "ALLOWED_HOSTS": "*",
    # Who asks is known to SageMaker, and what the container may write its role says.
    "OUTPUT_PREFIXES": "s3://",
}


class SovitsSettings(shared.ServerSettings):
    """Everything a person may set; units are part of the names."""

    port: int = Field(8080, ge=0, le=65535, description="TCP port; 0 takes a free one")
    repository: Path = Field(
        Path("/opt/gpt-sovits"), description="checkout of RVC-Boss/GPT-SoVITS, whose code is run"
    )
    model_dir: Path = Field(
        Path("/opt/ml/model"),
        description="folder that SageMaker unpacks the model archive into; its pretrained_models/ "
        "and G2PWModel/ take the places of the checkout's, voices/ holds recordings",
    )
    version: Literal["v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4"] = Field(
        "v2Pro", description="of the model; v3 speaks at 24000 Hz, v4 at 48000, others at 32000"
    )
    gpt_weights: Path | None = Field(
        None, description="trained GPT weights, .ckpt; none: those of the version"
    )
    sovits_weights: Path | None = Field(
        None, description="trained SoVITS weights, .pth; none: those of the version"
    )
    devices: str = Field(
        "auto",
        min_length=1,
        description="comma list such as cuda:0,cuda:1, or cpu: each gets a model of its own and "
        "one text at a time; auto: every GPU",
    )
    half: bool = Field(True, description="whether a GPU calculates in 16 bits")
    streaming_mode: int = Field(
        1,
        ge=1,
        le=3,
        description="1: each piece of text is made whole and sounds best; 3: sound comes soonest "
        "and is worst; 2: between them. v3 and v4 know 1 only",
    )
    pause_s: float = Field(0.3, ge=0, le=2, description="silence after each piece, seconds")
    reference: str = Field(
        "",
        description="recording whose voice speaks where a request names none: s3://BUCKET/KEY, "
        "or a file in MODEL_DIR/voices",
    )
    reference_text: str = Field("", description="what is said in it, word by word")
    reference_language: str = Field("auto", description="its language: zh, en, ja, ko or yue")
    reference_fresh_s: float = Field(
        300.0,
        ge=0,
        le=86400,
        description="how long a recording from S3 is used before it is asked whether it has "
        "changed, seconds",
    )
    references: int = Field(64, ge=1, le=10000, description="recordings from S3 that are kept")
    output_prefixes: str = Field(
        "",
        description="comma list of s3://BUCKET/PREFIX/ under which requests may have their sound "
        "put; none: nowhere; s3://, as with `serve`: wherever its credentials may write",
    )
    max_chars: int = Field(
        2000, ge=1, le=100000, description="longest text of a request, characters"
    )
    max_upload_mb: float = Field(
        1.0, gt=0, le=2048, description="largest request body, MiB; larger ones get 413"
    )
    timeout_s: float = Field(
        300.0,
        gt=0,
        le=3600,
        description="longest time from a request to its complete answer, seconds; SageMaker "
        "gives up after 60 s without a stream and after 8 min with one",
    )
    connections_each: int = Field(
        512,
        ge=4,
        le=100000,
        description="connections of one address at the same time; all of SageMaker's come from one",
    )

    @field_validator("repository", "model_dir", "gpt_weights", "sovits_weights")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        # The process moves into the checkout before it uses them.
        return path.expanduser().absolute() if path is not None else None

    @property
    def voices_dir(self) -> Path:
        """Where recordings lie that requests may name by a path."""
        return self.model_dir / "voices"


def read_settings(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> SovitsSettings:
    """Settings from the command line and an environment, this process's when none is given.

    Raises:
        StartError: a name or value is wrong; the message lists every one.
    """
    environ = dict(os.environ if environ is None else environ)
    if argv[:1] == [SERVE]:
        argv = argv[1:]
        environ = {f"{PREFIX}{name}": value for name, value in _IN_SAGEMAKER.items()} | environ
    return shared.read_settings(
        SovitsSettings,
        program=f"python -m model_servers.gpt_sovits [{SERVE}]",
        summary=_SUMMARY,
        prefix=PREFIX,
        argv=argv,
        environ=environ,
    )
