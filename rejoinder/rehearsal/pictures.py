"""Pictures that callers send."""

import mimetypes
from pathlib import Path

from agent.errors import ConfigError

TOPIC = "rejoinder.picture"
"""Of the streams of bytes on which clients send them."""


def read_picture(path: Path) -> tuple[bytes, str]:
    """A picture and its MIME type; blocks.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the picture {path} cannot be read: {error.strerror}") from error
    return data, mimetypes.guess_type(path.name)[0] or "application/octet-stream"
