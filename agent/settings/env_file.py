"""A `.env` file as editors write it."""

import codecs
import io
from pathlib import Path

from dotenv import dotenv_values

from agent.errors import ConfigError

_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""By the mark at the beginning of a file; UTF-32's begins with UTF-16's."""


def read_env_file(path: Path | None) -> dict[str, str]:
    """The variables that a file sets.

    Args:
        path: the file; None: `.env` in the current folder, if there is one.

    Raises:
        ConfigError: a named file does not exist, or it cannot be read.
    """
    chosen = path or Path(".env")
    if not chosen.is_file():
        if path is not None:
            raise ConfigError(f"the settings file {path} does not exist")
        return {}
    lines = io.StringIO(_text_of(chosen))
    return {k: v for k, v in dotenv_values(stream=lines).items() if v is not None}


def _text_of(path: Path) -> str:
    """The text of a file: UTF-8, or UTF-16 and UTF-32 with their mark."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    encoding = next((name for mark, name in _ENCODINGS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{path}, line {line}: not {encoding.removesuffix('-sig').upper()} text; save the file "
            "with the encoding UTF-8"
        ) from None
    if "\0" in text:
        raise ConfigError(f"{path} is no text file; save it with the encoding UTF-8")
    return text
