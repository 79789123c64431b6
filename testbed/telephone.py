"""A telephone line: its band, its codec both ways, lost packets, comfort noise and its own echo.

    line = Line(PCMU, rate_hz=48000)
    heard_there = line(pcm)
    worn = Line(G722, rate_hz=48000, network=MILD)
    caller.microphone.hears = Telephone(caller.hearing, PCMA, echo_db=-12)

The codecs are FFmpeg's. What livekit-sip does with a packet that does not come is silence.
"""

from collections.abc import Callable
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from rejoinder.scripted_caller.hearing import Hearing
from rejoinder.scripted_caller.microphone import RATE_HZ
from testbed.loudspeaker import Loudspeaker
from testbed.network_patterns import Pattern

NOISE_DBFS = -55.0
"""Comfort noise: a line that is not dead."""
PACKET_S = 0.02
_LATEST_S = 0.06
"""A packet that comes later than this is as good as lost."""
_TAPS_S = 0.012
"""Length of the filters; each delays by half of it."""
_FULL = 32768.0

Pcm = NDArray[np.float32]
Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Codec:
    """What is said over a line, as SDP names it."""

    name: str
    ffmpeg: str
    rate_hz: int
    lowest_hz: float
    highest_hz: float
    by_sample: bool = True
    """Whether each sample is coded by itself; else only whole packets are."""

    @property
    def packet(self) -> int:
        """Samples of a packet."""
        return round(PACKET_S * self.rate_hz)


PCMU = Codec("PCMU", "pcm_mulaw", 8000, 300.0, 3400.0)
PCMA = Codec("PCMA", "pcm_alaw", 8000, 300.0, 3400.0)
G722 = Codec("G722", "g722", 16000, 50.0, 7000.0, by_sample=False)


class Coder:
    """Both ends of a codec. What is coded goes on from what was coded before."""

    def __init__(self, codec: Codec) -> None:
        self._rate_hz = codec.rate_hz
        self._encoder = av.CodecContext.create(codec.ffmpeg, "w")
        self._decoder = av.CodecContext.create(codec.ffmpeg, "r")
        for end in (self._encoder, self._decoder):
            end.sample_rate, end.layout = codec.rate_hz, "mono"
        self._encoder.format = "s16"

    def encode(self, pcm: Samples) -> bytes:
        """One packet; of a codec that needs whole packets, `Codec.packet` samples."""
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = self._rate_hz
        return b"".join(bytes(packet) for packet in self._encoder.encode(frame))

    def decode(self, packet: bytes) -> Samples:
        """What the other end hears of a packet."""
        frames = self._decoder.decode(av.Packet(packet))
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])


class Line:
    """One direction: through the band and the codec, and back to `rate_hz`, 15 ms later.

    Where there are packets, 35 ms. Takes any number of pieces one after the other, each of whole
    samples of the line.
    """

    def __init__(self, codec: Codec, *, rate_hz: int, network: Pattern | None = None) -> None:
        """Between two ends at `rate_hz`, a multiple of the codec's; `network` may lose packets."""
        self._step = rate_hz // codec.rate_hz
        self._down = _Filter(_low_pass(codec.highest_hz, rate_hz))
        self._band = _Filter(_high_pass(codec.lowest_hz, codec.rate_hz))
        self._up = _Filter(_low_pass(codec.highest_hz, rate_hz) * self._step)
        coder = Coder(codec)
        if codec.by_sample and network is None:
            self._carry: Callable[[Samples], Samples] = lambda pcm: coder.decode(coder.encode(pcm))
        else:
            self._carry = _Packets(codec, coder, network)

    def __call__(self, pcm: Pcm) -> Pcm:
        """Float32 mono in [-1, 1] in, as many samples out."""
        narrow = self._band(self._down(pcm)[:: self._step])
        carried = self._carry(np.clip(narrow * _FULL, -_FULL, _FULL - 1).astype(np.int16))
        wide = np.zeros(len(carried) * self._step)
        wide[:: self._step] = carried / _FULL
        return self._up(wide).astype(np.float32)


class _Packets:
    """Samples come out a packet later than they went in, or not at all."""

    def __init__(self, codec: Codec, coder: Coder, network: Pattern | None) -> None:
        self._size, self._coder, self._network = codec.packet, coder, network
        self._waiting: Samples = np.zeros(0, np.int16)
        self._heard: Samples = np.zeros(self._size, np.int16)
        self._sent = 0

    def __call__(self, pcm: Samples) -> Samples:
        self._waiting = np.concatenate([self._waiting, pcm])
        while len(self._waiting) >= self._size:
            packet = self._coder.encode(self._waiting[: self._size])
            self._waiting = self._waiting[self._size :]
            self._heard = np.concatenate([self._heard, self._arrived(packet)])
        heard, self._heard = self._heard[: len(pcm)], self._heard[len(pcm) :]
        return heard

    def _arrived(self, packet: bytes) -> Samples:
        late_s = 0.0 if self._network is None else self._network.of(self._sent)
        self._sent += 1
        if late_s is None or late_s > _LATEST_S:
            return np.zeros(self._size, np.int16)
        return self._coder.decode(packet)


class Telephone:
    """What a caller's line adds to its microphone: comfort noise, and an echo of what it hears."""

    def __init__(self, hearing: Hearing, codec: Codec, *, echo_db: float) -> None:
        self.loudspeaker = Loudspeaker(hearing, gain_db=echo_db)
        self._down, self._up = (Line(codec, rate_hz=RATE_HZ) for _ in range(2))
        self._random = np.random.default_rng(11)

    def __call__(self, samples: int) -> Pcm:
        echo = self._up(self._down(self.loudspeaker(samples)))
        noise = self._random.standard_normal(samples) * 10 ** (NOISE_DBFS / 20)
        return (echo + noise).astype(np.float32)


def spoken_through(line: Callable[[Pcm], Pcm], pcm: Pcm) -> Pcm:
    """An utterance as it leaves a line, its end included."""
    padded = np.concatenate([pcm, np.zeros(round(0.06 * RATE_HZ) - len(pcm) % 6, np.float32)])
    return line(padded)


class _Filter:
    """A FIR filter that remembers the end of the piece before."""

    def __init__(self, taps: NDArray[np.float64]) -> None:
        self._taps = taps
        self._before = np.zeros(len(taps) - 1)

    def __call__(self, pcm: NDArray[np.floating]) -> NDArray[np.float64]:
        whole = np.concatenate([self._before, pcm])
        self._before = whole[len(whole) - len(self._before) :]
        return np.convolve(whole, self._taps, "valid")


def _low_pass(upto_hz: float, rate_hz: int) -> NDArray[np.float64]:
    count = round(_TAPS_S * rate_hz) | 1
    at = np.arange(count) - count // 2
    taps = np.sinc(2 * upto_hz / rate_hz * at) * np.hamming(count)
    return np.asarray(taps / taps.sum())


def _high_pass(from_hz: float, rate_hz: int) -> NDArray[np.float64]:
    taps = -_low_pass(from_hz, rate_hz)
    taps[len(taps) // 2] += 1.0
    return taps
