"""Where recordings are kept: a folder of this user's alone, a new file for each call. Blocks."""

import os
import secrets
import stat
import time
from pathlib import Path

import platformdirs

from agent.errors import ConfigError
from agent.options.recording import RecordOptions

SUFFIX = ".jsonl.gz"


def folder_of(options: RecordOptions) -> Path:
    """Where recordings are kept by the settings."""
    return options.folder or Path(platformdirs.user_state_dir("rejoinder")) / "recordings"


def make_folder(folder: Path) -> Path:
    """Make the folder if it is missing, and look that nobody else can read it.

    Raises:
        ConfigError: it cannot be made, is a link, or is open to others.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        os.close(_opened(folder))
    except OSError as error:
        raise ConfigError(f"RECORD_FOLDER={folder}: {error.strerror}") from error
    return folder


def new_file(folder: Path) -> tuple[int, str]:
    """Open a new file that only this user can read.

    Its name tells when the call began and nothing else: room names may hold phone numbers.

    Returns:
        A descriptor to write to, and the file's name.

    Raises:
        ConfigError: the folder is a link, or open to others.
        OSError: the file cannot be made.
    """
    at = _opened(folder)
    try:
        began = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        name = f"{began}-{secrets.token_hex(6)}{SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        return os.open(name, flags, 0o600, dir_fd=at), name
    finally:
        os.close(at)


def _opened(folder: Path) -> int:
    """A descriptor of the folder; whatever its name is led to afterwards, it stays this one."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    found = os.fstat(at)
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        os.close(at)
        raise ConfigError(
            f"RECORD_FOLDER={folder} belongs to somebody else or can be read by others; "
            "choose another one, or chmod 700"
        )
    return at
