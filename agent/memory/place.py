"""Where the memory is kept, and the salt that its people are hashed with. Blocks."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

import platformdirs

from agent.errors import ConfigError
from agent.options.memory import MemoryOptions

_FILE = "memory.sqlite3"
_SQLITE = "sqlite"
_LEAST_SALT = 16
"""Bytes, as of `MEMORY_SALT`."""


def url_of(options: MemoryOptions) -> str:
    """SQLAlchemy's address of the database; a SQLite file is made if it is missing.

    The file and what SQLite keeps beside it can be read by this user alone.

    Raises:
        ConfigError: the file cannot be made, or others can read it.
    """
    url = options.url.get_secret_value() if options.url else ""
    path = _file_of(url)
    if path is None:
        return url
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        mode = os.fstat(found).st_mode
        os.close(found)
    except OSError as error:
        raise ConfigError(f"the memory's file {path}: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"the memory's file {path} can be read by others: chmod 600")
    return url or f"sqlite:///{path}"


def salt_of(options: MemoryOptions) -> bytes:
    """What identities are hashed with; made if the database is a file and has none yet.

    Raises:
        ConfigError: there is none and none can be made here.
    """
    if options.salt is not None:
        return options.salt.get_secret_value().encode()
    database = _file_of(options.url.get_secret_value() if options.url else "")
    if database is None:
        raise ConfigError("MEMORY_SALT must be set where MEMORY_URL is no SQLite file")
    path = database.with_name(f"{database.name}.salt")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make(path)
        with path.open("rb") as file:
            mode, salt = os.fstat(file.fileno()).st_mode, file.read()
    except OSError as error:
        raise ConfigError(f"the memory's salt {path}: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"the memory's salt {path} can be read by others: chmod 600")
    if len(salt) < _LEAST_SALT:
        raise ConfigError(f"the memory's salt {path} is cut: put the whole one back")
    return salt


def _make(path: Path) -> None:
    """Write a salt whole or not at all; of two processes that do so at once one wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    try:
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _file_of(url: str) -> Path | None:
    """The SQLite file of an address; None: it is of another kind."""
    if not url:
        return Path(platformdirs.user_state_dir("rejoinder")) / "memory" / _FILE
    scheme, _, path = url.partition("://")
    if scheme.partition("+")[0] != _SQLITE:
        return None
    path = path.partition("?")[0].removeprefix("/")
    if not path or path == ":memory:":
        raise ConfigError("MEMORY_URL names no file: what is in it would be gone with the process")
    return Path(path)
