"""Files of the Hugging Face hub: from its cache, or downloaded once; checked where a hash is known.

What is downloaded draws its own progress bar on standard error.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_servers.serving.console import Say
from model_servers.serving.errors import StartError

_BLOCK = 1 << 22
_MAIN = "main"
_SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a repository, at one revision."""

    repository: str
    """OWNER/NAME."""
    path: str
    revision: str = _MAIN
    """A commit, so that the file cannot change behind its name."""
    sha256: str = ""
    """Of its content, in lower-case hexadecimal; empty: it is not checked."""

    @property
    def address(self) -> str:
        """For people."""
        return f"{self.repository}/{self.path}"


def fetch(file: HubFile, *, models_dir: Path | None, say: Say, instead: str) -> Path:
    """The file on this machine. Blocks, for minutes when it is downloaded.

    Args:
        file: which one.
        models_dir: where downloads go; None: huggingface_hub's own cache.
        say: told what is done, one line each.
        instead: what a person can do without the hub, the end of a sentence.

    Raises:
        StartError: it cannot be had, or is not what its hash says; the message says what to do.
    """
    import huggingface_hub
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    where: dict[str, Any] = {"revision": file.revision, "cache_dir": models_dir}
    try:
        path = Path(
            huggingface_hub.hf_hub_download(
                file.repository, file.path, local_files_only=True, **where
            )
        )
    except (LocalEntryNotFoundError, HFValidationError):
        say(f"downloading {file.address} from the Hugging Face hub")
        try:
            path = Path(huggingface_hub.hf_hub_download(file.repository, file.path, **where))
        except Exception as error:  # noqa: BLE001  (whatever the hub's HTTP client raises)
            raise _cannot(file.address, error, instead) from error
    check(path, file.sha256, say)
    return path


def fetch_folder(
    repository: str,
    patterns: Sequence[str],
    *,
    needed: Sequence[str],
    revision: str = _MAIN,
    models_dir: Path | None,
    say: Say,
    instead: str,
) -> Path:
    """A folder with those files of a repository that match a pattern. Blocks.

    Args:
        repository: OWNER/NAME.
        patterns: which files are taken.
        needed: patterns of which each must be there: an interrupted download leaves a folder with
            some of the files.
        revision: a commit, or a branch.
        models_dir: where downloads go; None: huggingface_hub's own cache.
        say: told what is done, one line each.
        instead: what a person can do without the hub, the end of a sentence.

    Raises:
        StartError: it cannot be had; the message says what to do.
    """
    import huggingface_hub
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    wanted: dict[str, Any] = {
        "revision": revision,
        "cache_dir": models_dir,
        "allow_patterns": list(patterns),
    }
    try:
        here = huggingface_hub.snapshot_download(repository, local_files_only=True, **wanted)
        if all(any(Path(here).glob(pattern)) for pattern in needed):
            return Path(here)
    except (LocalEntryNotFoundError, HFValidationError):
        pass
    say(f"downloading {repository} from the Hugging Face hub")
    try:
        return Path(huggingface_hub.snapshot_download(repository, **wanted))
    except Exception as error:  # noqa: BLE001  (whatever the hub's HTTP client raises)
        raise _cannot(repository, error, instead) from error


def hash_of(file: HubFile, *, instead: str) -> str:
    """The SHA-256 that the hub has for a large file now; empty: it tells none. Blocks.

    Raises:
        StartError: it cannot be asked; the message says what to do.
    """
    import huggingface_hub

    try:
        url = huggingface_hub.hf_hub_url(file.repository, file.path, revision=file.revision)
        told = huggingface_hub.get_hf_file_metadata(url).etag or ""
    except Exception as error:  # noqa: BLE001  (whatever the hub's HTTP client raises)
        raise _cannot(file.address, error, instead) from error
    return told if len(told) == _SHA256_DIGITS else ""


def commit_of(repository: str, *, instead: str) -> str:
    """The newest commit of a repository. Blocks.

    Raises:
        StartError: the hub cannot be asked; the message says what to do.
    """
    import huggingface_hub

    try:
        return str(huggingface_hub.HfApi().model_info(repository).sha)
    except Exception as error:  # noqa: BLE001  (whatever the hub's HTTP client raises)
        raise _cannot(repository, error, instead) from error


def check(path: Path, sha256: str, say: Say) -> None:
    """Compare a file with its hash, where there is one: a second for a gigabyte. Blocks.

    Raises:
        StartError: it is another file, or a damaged one.
    """
    if not sha256:
        return
    say(f"checking {path.name}")
    with path.open("rb") as source:
        digest = hashlib.sha256()
        while block := source.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest() != sha256:
        raise StartError(
            f"{path} is not the file it should be: its SHA-256 is {digest.hexdigest()}, not "
            f"{sha256}. Delete it and start again"
        )


def _cannot(what: str, error: Exception, instead: str) -> StartError:
    reason = str(error).strip().split("\n", 1)[0]
    return StartError(
        f"{what} cannot be downloaded ({type(error).__name__}: {reason}). Check the name and the "
        f"network (HF_ENDPOINT, HF_TOKEN and HTTPS_PROXY are honoured), or {instead}"
    )
