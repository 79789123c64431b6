"""The pinned release of livekit-server: which one, and its archive for this machine.

Version, archives and their SHA-256 are in `deploy/livekit-server.toml`.
"""

import hashlib
import io
import platform
import shutil
import tarfile
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import aiohttp

from agent.errors import StartupError
from rejoinder.demo.progress import Report

MEMBER = "livekit-server"
"""The one file of an archive that is used."""

_PIN_FILE = "livekit-server.toml"
_CONNECT_S = 8.0
_SILENCE_S = 20.0
"""Longest pause between two pieces of a download."""
_PIECE_BYTES = 1 << 20
_LARGEST_BYTES = 200_000_000
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Archive:
    """A release archive: a gzipped tar that holds `livekit-server`."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Release:
    """The pinned release."""

    version: str
    base_url: str
    go_module: str
    """Module path with version, for `go install`."""
    archives: dict[str, Archive]
    """By system and processor, for example `linux-x86_64`."""


def pinned_release() -> Release:
    """Read the pin; blocks. In a wheel it lies in the package, in a checkout in deploy/."""
    packaged = resources.files("rejoinder.demo").joinpath(_PIN_FILE)
    if packaged.is_file():
        text = packaged.read_text(encoding="utf-8")
    else:
        checkout = Path(__file__).parents[2] / "deploy" / _PIN_FILE
        text = checkout.read_text(encoding="utf-8")
    table = tomllib.loads(text)
    archives = {key: Archive(**value) for key, value in table.pop("archives").items()}
    return Release(**table, archives=archives)


def machine() -> str:
    """This system and processor, as the pin names them."""
    processor = platform.machine().lower()
    processor = {"amd64": "x86_64", "arm64": "aarch64"}.get(processor, processor)
    return f"{platform.system().lower()}-{processor}"


async def download(url: str, name: str, report: Report) -> bytearray:
    """Fetch a URL: about 25 MB, kept in memory, so that nothing unchecked reaches the disk."""
    limits = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S)
    report(f"fetching {name}", None)
    got = bytearray()
    try:
        async with (
            aiohttp.ClientSession(timeout=limits, trust_env=True, auto_decompress=False) as http,
            http.get(url, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            if answer.status != 200:
                raise StartupError(f"{url} answered {answer.status} {answer.reason}")
            total = answer.content_length
            async for piece in answer.content.iter_chunked(_PIECE_BYTES):
                got += piece
                if len(got) > _LARGEST_BYTES:
                    raise StartupError(f"{url} is refused: larger than {_LARGEST_BYTES} bytes")
                of = f" of {total / _MB:.0f}" if total else ""
                report(
                    f"fetching {name}, {len(got) / _MB:.0f}{of} MB",
                    len(got) / total if total else None,
                )
    except (aiohttp.ClientError, TimeoutError) as error:
        raise StartupError(
            f"{url} could not be fetched: {error or type(error).__name__}"
        ) from error
    return got


def unpack(packed: bytearray, archive: Archive, url: str, target: Path) -> Path:
    """Check the sum, then take only the member `livekit-server`; no other name is written."""
    digest = hashlib.sha256(packed).hexdigest()
    if digest != archive.sha256:
        raise StartupError(f"{url} is refused: its SHA-256 is {digest}, expected {archive.sha256}")
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
            for member in tar:
                if member.isfile() and member.name.removeprefix("./") == MEMBER:
                    source = tar.extractfile(member)
                    assert source is not None
                    with source, target.open("xb") as sink:
                        shutil.copyfileobj(source, sink)
                    target.chmod(0o755)
                    return target
    except (tarfile.TarError, EOFError, OSError) as error:
        raise StartupError(f"{url} cannot be unpacked: {error}") from error
    raise StartupError(f"{url} holds no {MEMBER}")
