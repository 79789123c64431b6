"""Real speech, for stand-ins that a person listens to: espeak-ng in a process of its own."""

import asyncio
import hashlib
import sys
from types import TracebackType

import numpy as np

from agent.tts.espeak.client import Child, ChildError, ChildRefused
from agent.wording.speakable import clean

_COMMAND = (sys.executable, "-P", "-m", "agent.tts.espeak.child")
_USUAL_VOICE = "en-us"
"""English; leaves texts in other scripts to their own voices."""
_TIMBRES = ("f2", "m3", "f4", "m5", "f5", "m7")
_USUAL_WPM = 175
_WPM = (80, 450)


class EmbeddedVoice:
    """Says texts, one after the other, and starts its process anew when that has ended.

    Belongs to the event loop that it was entered on.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._child: Child | None = None
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> "EmbeddedVoice":
        """Start the process and wait until it can speak; it ends with the block.

        Raises:
            OSError: it cannot be started.
        """
        await self._running()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End the process."""
        if self._child is not None:
            await self._child.aclose()

    async def __call__(self, text: str, *, voice: str, rate_hz: int, speed: float) -> bytes:
        """A text as s16le mono samples; each voice has a timbre of its own.

        Nothing for a text without sound. Cancelling it stops the library.

        Raises:
            OSError: the process cannot be started, has ended meanwhile, or refuses the text.
        """
        wanted = _USUAL_VOICE
        if voice:
            of = hashlib.sha256(voice.encode(errors="replace")).digest()[0]
            wanted += f"+{_TIMBRES[of % len(_TIMBRES)]}"
        child, said = await self._running(), clean(text)
        low, high = _WPM
        request = {
            "text": said,
            "voice": child.voices.find_for(said, wanted),
            "rate_wpm": min(high, max(low, round(_USUAL_WPM * speed))),
            "pitch": 50,
            "volume": 100,
        }
        pieces: list[bytes] = []
        try:
            await child.speak(request, pieces.append)
        except (ChildError, ChildRefused) as error:
            raise OSError(f"espeak-ng has not spoken: {error}") from error
        return await asyncio.to_thread(_resampled, b"".join(pieces), child.rate_hz, rate_hz)

    async def _running(self) -> Child:
        async with self._starting:
            if self._child is None or not self._child.alive:
                if self._child is not None:
                    await self._child.aclose()
                try:
                    self._child = await Child.start(_COMMAND)
                except ChildError as error:
                    raise OSError(f"espeak-ng cannot be started: {error}") from error
            return self._child


def _resampled(pcm: bytes, from_hz: int, rate_hz: int) -> bytes:
    samples = np.frombuffer(pcm, "<i2")
    length = len(samples) * rate_hz // from_hz
    if not length:
        return b""
    at = np.arange(length) * (from_hz / rate_hz)
    spoken: bytes = np.interp(at, np.arange(len(samples)), samples).astype("<i2").tobytes()
    return spoken


async def _say(text: str, voice: str, rate_hz: int, speed: float) -> bytes:
    async with EmbeddedVoice() as say:
        return await say(text, voice=voice, rate_hz=rate_hz, speed=speed)


def main() -> None:
    """Say what is read as the voice and at the rate of the command line; for other processes."""
    voice, rate_hz, speed = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    sys.stdout.buffer.write(asyncio.run(_say(sys.stdin.read(), voice, rate_hz, speed)))


if __name__ == "__main__":
    main()
