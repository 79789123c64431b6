"""Sound files, as stand-ins for servers of voices send them."""

import io
import struct

import numpy as np

_UNKNOWN = 0
"""Length that GPT-SoVITS writes into the header of a stream."""
ENDLESS = 0xFFFFFFFF
"""Length that ChatTTS writes there."""


def wav_header(*, rate_hz: int, data_bytes: int = _UNKNOWN) -> bytes:
    """The 44 bytes before s16le mono samples; lengths as its writer claims."""
    riff = min(ENDLESS, data_bytes + 36)
    form = struct.pack("<HHIIHH", 1, 1, rate_hz, 2 * rate_hz, 2, 16)
    head = b"RIFF" + struct.pack("<I", riff) + b"WAVEfmt " + struct.pack("<I", 16) + form
    return head + b"data" + struct.pack("<I", data_bytes)


def wav(pcm: bytes, *, rate_hz: int) -> bytes:
    """A whole file with true lengths."""
    return wav_header(rate_hz=rate_hz, data_bytes=len(pcm)) + pcm


def ogg(pcm: bytes, *, rate_hz: int) -> bytes:
    """A whole Ogg Vorbis file."""
    # FFmpeg's own encoder, which is experimental and takes two channels.
    return _encoded(pcm, rate_hz, "ogg", "vorbis", layout="stereo")


def mp3(pcm: bytes, *, rate_hz: int) -> bytes:
    """A whole MP3 file."""
    return _encoded(pcm, rate_hz, "mp3", "libmp3lame")


def _encoded(
    pcm: bytes, rate_hz: int, container: str, codec: str, *, layout: str = "mono"
) -> bytes:
    # Its import takes a while, and most servers send samples.
    import av
    from av.audio.stream import AudioStream

    target = io.BytesIO()
    with av.open(target, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate_hz, layout=layout)
        assert isinstance(stream, AudioStream)
        stream.codec_context.options = {"strict": "-2"}
        form = stream.format.name
        resampler = av.AudioResampler(form, layout, rate_hz, stream.codec_context.frame_size or 64)
        samples = np.frombuffer(pcm, "<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = rate_hz
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return target.getvalue()
