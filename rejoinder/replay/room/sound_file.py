"""The sound of a recorded room as one WAV file: a channel for each track, on one time axis."""

import wave
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from agent.recorder.recorded_room import RecordedRoom, Track
from agent.recorder.recorded_sound import RecordedSound
from agent.recorder.recording import Recording, RecordingError

RATE_HZ = 16000
_BLOCK_S = 20
_MOST_BYTES = 4e9


def write_wav(recording: Recording, room: RecordedRoom, file: BinaryIO) -> list[Track]:
    """Write 16-bit PCM at `RATE_HZ`; silence where a track has no sound.

    Returns:
        The tracks that have sound, in the order of their channels: people's first.

    Raises:
        RecordingError: no sound was kept, or more than a file of this kind can hold.
    """
    found = [(track, RecordedSound(recording, track.number)) for track in room.people + room.voices]
    found = [(track, sound) for track, sound in found if sound]
    if not found:
        raise RecordingError("it has no sound: it was not kept, or was taken out")
    if room.length_s * RATE_HZ * 2 * len(found) > _MOST_BYTES:
        raise RecordingError("its sound is longer than a WAV file can be")
    with wave.open(file, "wb") as wav:
        wav.setnchannels(len(found))
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        for block in _blocks([sound for _, sound in found], room.length_s):
            wav.writeframes(block.astype("<i2").tobytes())
    return [track for track, _ in found]


def _blocks(sounds: list[RecordedSound], length_s: float) -> Iterator[NDArray[np.int16]]:
    for begin in range(0, max(1, int(np.ceil(length_s))), _BLOCK_S):
        end = min(begin + _BLOCK_S, int(np.ceil(length_s)))
        yield np.stack([_at_rate(sound, begin, max(end, begin + 1)) for sound in sounds], axis=1)


def _at_rate(sound: RecordedSound, begin: int, end: int) -> NDArray[np.int16]:
    """For the ear alone: linear."""
    pcm = sound.between(begin, end)
    if sound.rate_hz == RATE_HZ:
        return pcm
    places = np.arange((end - begin) * RATE_HZ) * (sound.rate_hz / RATE_HZ)
    heard: NDArray[np.int16] = np.interp(places, np.arange(len(pcm)), pcm).astype(np.int16)
    return heard
