"""A process of its own that decodes one audio file, so that the server's process need not.

FFmpeg's libraries read what strangers send, and the build inside PyAV holds GPL code
(docs/licences.md): they are loaded here only, with limits on time and memory, and are gone
with the process. It is started by its path, so that it imports nothing of the server.

Standard input: the file. Argument: the longest audio, seconds. Standard output: s16le, mono,
RATE_HZ. Exit status: 0, or one of the numbers below.
"""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import AudioFrame
    from av.container import InputContainer

RATE_HZ = 16000
NOT_AUDIO, TOO_LONG = 3, 4

_FORMATS = "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,amr,matroska,webm,mov,mp4"
"""Containers that hold their sound themselves. Play lists and the like name files and addresses,
which FFmpeg would open."""
_CPU_S = 120
_MEMORY_BYTES = 2 * 2**30


class TooLong(Exception):
    """There is more audio than the server takes: a small file can hold hours of silence."""


def main() -> int:
    """Decode standard input."""
    most = int(float(sys.argv[1]) * RATE_HZ)
    upload = sys.stdin.buffer.read()
    _limit()
    import av

    pieces: list[bytes] = []
    samples = 0
    # Integers: FFmpeg's mono of two float channels would be 3 dB louder and clip.
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "none"}
    try:
        with av.open(
            io.BytesIO(upload), mode="r", options=options, metadata_errors="ignore"
        ) as container:
            if not container.streams.audio:
                return NOT_AUDIO
            for frame in _frames(container):
                try:
                    ready = resampler.resample(frame)
                except ValueError:
                    continue  # damaged: of another rate or layout than the first
                for out in ready:
                    pieces.append(bytes(out.planes[0])[: out.samples * 2])
                    samples += out.samples
                if samples > most:
                    return TOO_LONG
    except (av.FFmpegError, ValueError, MemoryError):
        return NOT_AUDIO
    sys.stdout.buffer.write(b"".join(pieces))
    sys.stdout.buffer.flush()
    return 0


def _frames(container: "InputContainer") -> "Iterator[AudioFrame | None]":
    """The frames of the first audio stream, and None, which empties a resampler.

    Not `container.decode`, which ends at the first damaged packet: here that one is left out.

    Raises:
        FFmpegError: no packet could be decoded.
    """
    from av.error import FFmpegError

    came, damage = False, None
    try:
        for packet in container.demux(audio=0):
            try:
                for frame in packet.decode():
                    frame.pts = None  # time stamps with gaps would be refused
                    came = True
                    yield frame
            except FFmpegError as error:
                damage = error
    except FFmpegError as error:
        damage = error
    if damage is not None and not came:
        raise damage
    yield None


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, most in (
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
    ):
        # A limit that is lower already stays.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    sys.exit(main())
