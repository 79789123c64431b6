"""What callers type: the newest is answered, what came with it is its context.

The framework answers each message in turn and reads it whole. Here messages that come together
become one, a long one is refused while it is being read, and a flood costs one reply.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from livekit import rtc
from livekit.rtc.data_stream import StreamError

from agent.room_protocol import TOPIC_CHAT
from agent.tasks import CallTasks

TOO_LONG = "That is more text than I take at once: {most} characters."

_SETTLE_S = 0.05
"""Messages that come within this belong together, seconds."""
_PAUSE_S = 0.3
"""Least time between two answers that are begun, seconds."""
_MOST_READ = 64
"""Messages read at once; when more come the oldest are dropped."""
_KNOWN_S = 3.0
"""Longest wait for who has sent a message: it can be here before the room has told of them."""
_LOOK_S = 0.02


class TypedText:
    """Reads the chat of one room. `run` must run for as long as it is to be answered."""

    def __init__(
        self,
        tasks: CallTasks,
        *,
        most_chars: int,
        heeded: Callable[[str], bool],
        known: Callable[[str], bool] = lambda identity: True,
        answer: Callable[[str], Awaitable[None]],
        too_long: Callable[[], None],
    ) -> None:
        """Prepare; `listen` connects it with a room.

        Args:
            tasks: what reads belongs to.
            most_chars: length of what is answered at once, characters.
            heeded: whether the person with this identity is answered; may tell them why not.
            known: whether the room has told of this person yet; before, nobody can say.
            answer: begins the answer to a text; the one before it is given up.
            too_long: told when a message was refused, or the older of many were left out.
        """
        self._tasks = tasks
        self._most_chars = most_chars
        self._heeded = heeded
        self._known = known
        self._early = 0
        """Messages whose senders are not known yet."""
        self._answer = answer
        self._too_long = too_long
        self._readers: deque[rtc.TextStreamReader] = deque()
        self._texts: deque[str] = deque()
        self._chars = 0
        self._cut = False
        self._arrived = asyncio.Event()

    def listen(self, room: rtc.Room) -> None:
        """Take the chat of `room`."""
        room.register_text_stream_handler(TOPIC_CHAT, self._on_stream)

    def add(self, text: str) -> None:
        """Take a message; a blank one is none."""
        text = text.strip()
        if not any(character.isprintable() and not character.isspace() for character in text):
            return
        if len(text) > self._most_chars:
            self._too_long()
            return
        self._texts.append(text)
        self._chars += len(text)
        while self._chars > self._most_chars:
            self._chars -= len(self._texts.popleft())
            self._cut = True
        self._arrived.set()

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            await self._arrived.wait()
            await asyncio.sleep(_SETTLE_S)
            self._arrived.clear()
            text, cut = "\n".join(self._texts), self._cut
            self._texts.clear()
            self._chars, self._cut = 0, False
            if cut:
                self._too_long()
            await self._answer(text)
            await asyncio.sleep(_PAUSE_S)

    def _on_stream(self, reader: rtc.TextStreamReader, identity: str) -> None:
        if self._known(identity):
            self._take(reader, identity)
        elif self._early < _MOST_READ:
            self._early += 1
            self._tasks.inform(self._await_sender(reader, identity), name="await-sender")
        else:
            reader.close()

    async def _await_sender(self, reader: rtc.TextStreamReader, identity: str) -> None:
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_KNOWN_S):
                    while not self._known(identity):  # noqa: ASYNC110 - seldom, and short
                        await asyncio.sleep(_LOOK_S)
        finally:
            self._early -= 1
        self._take(reader, identity)

    def _take(self, reader: rtc.TextStreamReader, identity: str) -> None:
        if not self._heeded(identity):
            reader.close()
            return
        if len(self._readers) >= _MOST_READ:
            self._readers.popleft().close()
            self._cut = True
        self._readers.append(reader)
        self._tasks.inform(self._read(reader), name="read-chat")

    async def _read(self, reader: rtc.TextStreamReader) -> None:
        pieces, chars = [], 0
        try:
            async for piece in reader:
                pieces.append(piece)
                chars += len(piece)
                if chars > self._most_chars:
                    break
        except StreamError:  # given up by its sender
            return
        finally:
            reader.close()
            dropped = reader not in self._readers
            if not dropped:
                self._readers.remove(reader)
        if not dropped:
            self.add("".join(pieces))
