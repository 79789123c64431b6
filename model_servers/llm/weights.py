"""Where a language model's weights come from: a GGUF file, a folder, the Hugging Face hub."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model_servers.llm.settings import PREFIX, ChatSettings
from model_servers.serving import hub
from model_servers.serving.console import Say
from model_servers.serving.errors import StartError

NAMED: Mapping[str, hub.HubFile] = {
    "qwen2.5-0.5b": hub.HubFile(
        "Qwen/Qwen2.5-0.5B-Instruct-GGUF",
        "qwen2.5-0.5b-instruct-q4_k_m.gguf",
        revision="9217f5db79a29953eb74d5343926648285ec7e67",
        sha256="74a4da8c9fdbcd15bd1f6d01d621410d31c6fc00986f5eb687824e7b93d7a9db",
    ),
    "qwen2.5-1.5b": hub.HubFile(
        "Qwen/Qwen2.5-1.5B-Instruct-GGUF",
        "qwen2.5-1.5b-instruct-q4_k_m.gguf",
        revision="91cad51170dc346986eccefdc2dd33a9da36ead9",
        sha256="6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
    ),
}
"""Models that are known to work here: Apache-2.0, 0.5 and 1.1 GB."""

_MAGIC = b"GGUF"
_INSTEAD = f"copy a GGUF file to this machine and give its path with --model ({PREFIX}MODEL)"


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's file on this machine."""

    name: str
    """What `/v1/models`, `/ready` and answers call it."""
    path: Path


def find(settings: ChatSettings, say: Say) -> Weights:
    """The file of the model, downloaded first when it is one of the hub. Blocks.

    Raises:
        StartError: there is no such model, or it is not what its hash says; says what to do.
    """
    model = settings.model
    if model in NAMED:
        if settings.sha256:
            raise StartError(
                f"{model} has a hash of its own here: leave --sha256 ({PREFIX}SHA256) out, or "
                f"give another model ({PREFIX}MODEL)"
            )
        return Weights(model, _fetched(NAMED[model], settings, say))
    path = Path(model).expanduser()
    if path.is_dir():
        path = _only_model(path)
    if path.is_file():
        hub.check(path, settings.sha256, say)
        return Weights(path.stem, _checked(path))
    owner, _, rest = model.partition("/")
    name, _, file = rest.partition("/")
    if not file.endswith(".gguf") or model.startswith((".", "/", "~")) or "\\" in model:
        raise StartError(
            f"there is no model {model} ({PREFIX}MODEL): give a GGUF file, a folder that holds "
            f"one, OWNER/NAME/FILE.gguf of the Hugging Face hub, or {' or '.join(NAMED)}"
        )
    there = hub.HubFile(f"{owner}/{name}", file, sha256=settings.sha256)
    if not settings.sha256:
        found = hub.hash_of(there, instead=_INSTEAD) or "HASH"
        raise StartError(
            f"{model} could be changed by whoever owns it: say which file is meant with "
            f"--sha256 {found} ({PREFIX}SHA256), which is the one that is there now"
        )
    return Weights(Path(file).stem, _fetched(there, settings, say))


def _fetched(file: hub.HubFile, settings: ChatSettings, say: Say) -> Path:
    return _checked(hub.fetch(file, models_dir=settings.models_dir, say=say, instead=_INSTEAD))


def _only_model(folder: Path) -> Path:
    models = sorted(folder.glob("*.gguf"))
    if len(models) != 1:
        found = ", ".join(m.name for m in models) or "none"
        raise StartError(
            f"{folder} must hold one GGUF file, or name one of them with --model "
            f"({PREFIX}MODEL); found: {found}"
        )
    return models[0]


def _checked(path: Path) -> Path:
    with path.open("rb") as source:
        if source.read(len(_MAGIC)) != _MAGIC:
            raise StartError(f"{path} is not a GGUF file; convert it with llama.cpp's tools")
    return path
