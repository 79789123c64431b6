"""Settings of the language model's server: flags and variables `SERVE_LLM_*`."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from model_servers.serving import settings as shared

PREFIX = "SERVE_LLM_"
DEFAULT_MODEL = "qwen2.5-0.5b"

_SUMMARY = """\
A small language model on this machine: llama.cpp behind OpenAI's chat completions
(/v1/chat/completions), streamed as it is made. What a conversation has in common with the one
before it is not read again. The port answers at once; /ready turns 200 when the model is loaded."""


class ChatSettings(shared.ServerSettings):
    """Everything a person may set; units are part of the names."""

    port: int = Field(8103, ge=0, le=65535, description="TCP port; 0 takes a free one")
    model: str = Field(
        DEFAULT_MODEL,
        min_length=1,
        description="qwen2.5-0.5b or qwen2.5-1.5b, downloaded once from the Hugging Face hub and "
        "checked; OWNER/NAME/FILE.gguf of the hub; a GGUF file, or a folder that holds one",
    )
    sha256: str = Field(
        "",
        pattern=r"^([0-9a-f]{64})?$",
        description="SHA-256 of the model's file, which is then checked; needed for a file of the "
        "hub, and not for the named models, which have theirs",
    )
    models_dir: Path | None = Field(
        None, description="folder for downloaded models; none: the Hugging Face cache"
    )
    context_tokens: int = Field(
        4096,
        ge=256,
        le=1048576,
        description="longest conversation with its answer, tokens; longer ones are refused",
    )
    max_tokens: int = Field(
        400,
        ge=1,
        le=65536,
        description="longest answer, tokens, whatever a request asks for: small models ramble",
    )
    instructions: str = Field(
        "",
        description="how the instructions of requests begin: read before the first request comes, "
        "so that its first token does not wait for them",
    )
    threads: int = Field(
        1,
        ge=1,
        le=256,
        description="threads that make tokens; where a recogniser and a voice share the cores, "
        "more make it slower",
    )
    prompt_threads: int = Field(
        0,
        ge=0,
        le=256,
        description="threads that read a conversation; 0: two, or as many as make tokens",
    )
    gpu_layers: int = Field(
        0,
        ge=-1,
        le=1000,
        description="layers of the model on a GPU, -1: all; needs a build of xllamacpp for it",
    )
    niceness: int = Field(
        5,
        ge=0,
        le=19,
        description="how far recognisers and workers on the same machine go before; 0: not at all",
    )
    concurrency: int = Field(
        2,
        ge=1,
        le=64,
        description="answers that are made at the same time, each with a context of its own",
    )
    timeout_s: float = Field(
        60.0,
        gt=0,
        le=3600,
        description="longest time from a request to its complete answer, seconds",
    )
    max_upload_mb: float = Field(
        2.0, gt=0, le=2048, description="largest request body, MiB; larger ones get 413"
    )


def read_settings(argv: Sequence[str]) -> ChatSettings:
    """Settings from the command line and this process's environment.

    Raises:
        StartError: a name or value is wrong; the message lists every one.
    """
    return shared.read_settings(
        ChatSettings,
        program="python -m model_servers.llm",
        summary=_SUMMARY,
        prefix=PREFIX,
        argv=argv,
    )
