"""Collects the audio of one utterance from the detector's windows.

Pure logic on frames; no clock, no task.
"""

from collections import deque

from livekit import rtc

TAIL_S = 0.2
"""Silence kept after the last voiced window, seconds: enough for a recogniser to close
the last word, without paying for the whole pause."""

PIECE_S = 27.0
"""Longest piece handed to a recogniser, seconds. Whisper's window and the hosted Whisper
endpoints end at 30 s."""

_BREATH_S = 0.3
"""Once a piece is long, it is cut at the first pause of this length, seconds."""


class UtteranceBuffer:
    """Audio since shortly before speech began.

    `push` every window in order; `start` when speech is declared; `take` when it is over.
    Nothing is lost between pieces of a long utterance: the next piece begins where the
    last one ended.
    """

    def __init__(self, *, prefix_s: float) -> None:
        self._prefix_s = prefix_s
        self._windows: deque[rtc.AudioFrame] = deque()
        self._seconds = 0.0
        self._speaking = False

    @property
    def seconds(self) -> float:
        """Length of the audio held, seconds."""
        return self._seconds

    def push(self, window: rtc.AudioFrame) -> None:
        """Add the next window. Before `start` only the newest `prefix_s` are kept."""
        self._windows.append(window)
        self._seconds += window.duration
        while not self._speaking and self._seconds - self._windows[0].duration >= self._prefix_s:
            self._seconds -= self._windows.popleft().duration

    def start(self) -> None:
        """Speech was declared: keep everything from here on."""
        self._speaking = True

    def snapshot(self, *, silence_s: float) -> list[rtc.AudioFrame]:
        """The utterance so far, without what of `silence_s` exceeds the tail; keeps it."""
        spare = max(0.0, silence_s - TAIL_S)
        frames = list(self._windows)
        while frames and spare >= frames[-1].duration:
            spare -= frames.pop().duration
        return frames

    def take(self, *, silence_s: float) -> list[rtc.AudioFrame]:
        """End the utterance: return its audio and keep the newest `prefix_s` of it."""
        frames = self.snapshot(silence_s=silence_s)
        self._speaking = False
        while self._windows and self._seconds - self._windows[0].duration >= self._prefix_s:
            self._seconds -= self._windows.popleft().duration
        return frames

    def piece_due(self, *, silence_s: float) -> bool:
        """Whether a long utterance should be cut here, mid-speech."""
        if not self._speaking:
            return False
        if self._seconds >= PIECE_S:
            return True
        return self._seconds >= PIECE_S * 2 / 3 and silence_s >= _BREATH_S

    def take_piece(self) -> list[rtc.AudioFrame]:
        """Cut a long utterance: return all audio held; speech goes on in a new piece."""
        frames = list(self._windows)
        self._windows.clear()
        self._seconds = 0.0
        return frames
