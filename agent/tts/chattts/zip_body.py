"""The ZIP file that ChatTTS's example server answers with: one MP3 for each text.

Source: 2noise/ChatTTS, examples/api/main.py.
"""

import io
import zipfile
import zlib

from agent.tts.served.speech_body import MalformedBody, SpeechBody

_MOST_BYTES = 32 * 2**20
"""A larger answer, packed or not, is no sentence."""
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError)
"""What is raised by a ZIP that is damaged, locked, or packed in a way that is not known."""


class ZipBody:
    """Gives its audio at the end: the list of a ZIP's files is its last part."""

    def __init__(self, *, rate_hz: int) -> None:
        """`rate_hz` is the rate of the output."""
        self._rate_hz = rate_hz
        self._held = bytearray()
        self.usage = 0, 0

    def feed(self, data: bytes) -> bytes:
        """Take in bytes.

        Raises:
            MalformedBody: they are too many.
        """
        self._held += data
        if len(self._held) > _MOST_BYTES:
            raise MalformedBody("an endless file")
        return b""

    def end(self) -> bytes:
        """The audio of all files, in the order of their numbers.

        Raises:
            MalformedBody: the answer is no ZIP of sound files.
        """
        if not self._held:
            return b""
        try:
            with zipfile.ZipFile(io.BytesIO(self._held)) as archive:
                files = sorted(
                    archive.infolist(), key=lambda file: (len(file.filename), file.filename)
                )
                if sum(file.file_size for file in files) > _MOST_BYTES:
                    raise MalformedBody("a ZIP of too many bytes")
                return b"".join(self._decoded(archive.read(file)) for file in files)
        except _BROKEN as error:
            raise MalformedBody("no ZIP file") from error

    def _decoded(self, sound: bytes) -> bytes:
        body = SpeechBody("audio/mpeg", rate_hz=self._rate_hz)
        return body.feed(sound) + body.end()
