"""The worker's end of the pipes to an espeak-ng process (see `agent.tts.espeak.frames`)."""

import asyncio
import itertools
import json
import logging
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agent.tasks import begin
from agent.tts.espeak.frames import HEADER, PAYLOAD_LIMIT, Kind, pack, unpack_header
from agent.tts.espeak.voices import Voice, Voices

logger = logging.getLogger(__name__)

_GOODBYE_S = 1.0
"""Time to end by itself when its input ends; then it is killed."""


class ChildError(Exception):
    """The process ended, could not be started, or left its protocol."""


class ChildRefused(Exception):
    """The process lives and does not speak this text; the message says why."""


@dataclass(frozen=True, slots=True)
class _Utterance:
    on_audio: Callable[[bytes], None]
    ended: asyncio.Future[None]


class Child:
    """A running process. Belongs to the event loop that started it."""

    def __init__(self, process: Process, hello: dict[str, Any]) -> None:
        """Use `start`."""
        self.version = str(hello["version"])
        self.rate_hz = int(hello["rate_hz"])
        self.voices = Voices(
            [
                Voice(identifier, name, tuple((rank, tag) for rank, tag in tags))
                for identifier, name, tags in hello["voices"]
            ],
            hello["variants"],
        )
        self._process = process
        self._numbers = itertools.count(1)
        self._speaking: dict[int, _Utterance] = {}
        self._killed = False
        self._reader = begin(self._read(), name="espeak frames")

    @classmethod
    async def start(cls, command: Sequence[str]) -> "Child":
        """Start the process and wait until it can speak.

        Raises:
            ChildError: it ended instead, or does not speak the protocol.
            OSError: there is no such program.
        """
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        try:
            kind, _, payload = await _read_frame(process)
            if kind is not Kind.HELLO:
                raise ChildError(f"began with {kind.name}")
            return cls(process, json.loads(payload))
        except (ValueError, KeyError, TypeError) as error:
            await _end(process)
            raise ChildError("did not introduce itself") from error
        except BaseException:
            await _end(process)
            raise

    @property
    def alive(self) -> bool:
        """Whether it can be asked to speak."""
        return not (self._killed or self._reader.done())

    async def speak(self, request: dict[str, Any], on_audio: Callable[[bytes], None]) -> None:
        """Have a text spoken; returns when its last audio was given to `on_audio`.

        Cancelling stops the library; `on_audio` is not called any more.

        Args:
            request: `text`, `voice` (the library's name), `rate_wpm`, `pitch`, `volume`.
            on_audio: takes s16le mono samples at `rate_hz`; must not raise.

        Raises:
            ChildError: the process ended meanwhile.
            ChildRefused: the text is too long, or the library failed on it.
        """
        payload = json.dumps(request).encode()
        if len(payload) > PAYLOAD_LIMIT:
            raise ChildRefused("the text is too long")
        if not self.alive:
            raise ChildError("not running")
        number = next(self._numbers)
        ended = asyncio.get_running_loop().create_future()
        self._speaking[number] = _Utterance(on_audio, ended)
        self._write(Kind.SPEAK, number, payload)
        try:
            await ended
        except asyncio.CancelledError:
            if not ended.cancelled():
                ended.exception()  # marks it as seen
            self._write(Kind.CANCEL, number)
            raise
        finally:
            del self._speaking[number]

    def kill(self) -> None:
        """End the process at once; whatever it was speaking fails with ChildError."""
        self._killed = True
        if self._process.returncode is None:
            self._process.kill()

    async def aclose(self) -> None:
        """Let the process end, and see that it does. May be called more than once."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            # Not asyncio.timeout: before Python 3.11.3 it raises CancelledError in a task that
            # is being cancelled.
            await asyncio.wait({self._reader}, timeout=_GOODBYE_S)
        finally:
            if not self._reader.done():
                self.kill()
        await self._reader

    def _write(self, kind: Kind, number: int, payload: bytes = b"") -> None:
        # Not drained: the child always reads, and a dead one fails its requests by itself.
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(pack(kind, number, payload))

    async def _read(self) -> None:
        """Hand frames to their utterances until the process ends."""
        reason, within_s = "ended", 0.0
        try:
            while True:
                kind, number, payload = await _read_frame(self._process)
                self._dispatch(kind, number, payload)
        except ChildError as error:
            reason, within_s = str(error), _GOODBYE_S
        except (ValueError, KeyError, TypeError):
            reason = "left its protocol"
        finally:
            await _end(self._process, within_s=within_s)
            for utterance in self._speaking.values():
                if not utterance.ended.done():
                    utterance.ended.set_exception(ChildError(reason))

    def _dispatch(self, kind: Kind, number: int, payload: bytes) -> None:
        if kind is Kind.END:
            end = json.loads(payload)
            if end["cancelled"]:
                logger.debug("espeak-ng stopped speaking", extra={"samples": end["samples"]})
        utterance = self._speaking.get(number)
        if utterance is None or utterance.ended.done():
            return  # cancelled here, and not yet there
        if kind is Kind.AUDIO:
            utterance.on_audio(payload)
        elif kind is Kind.END:
            utterance.ended.set_result(None)
        elif kind is Kind.FAILURE:
            utterance.ended.set_exception(ChildRefused(payload.decode("utf-8", "replace")))


async def _read_frame(process: Process) -> tuple[Kind, int, bytes]:
    assert process.stdout is not None
    try:
        kind, number, length = unpack_header(await process.stdout.readexactly(HEADER.size))
        return kind, number, await process.stdout.readexactly(length)
    except asyncio.IncompleteReadError:
        raise ChildError("ended") from None


async def _end(process: Process, *, within_s: float = 0.0) -> None:
    """Wait until it has ended; it is killed when that takes longer.

    A process that has just ended must not be killed: looking whether it lives would take its
    exit status, for which asyncio's own watcher waits.
    """
    ended = begin(process.wait(), name="espeak end")
    try:
        await asyncio.wait({ended}, timeout=within_s)
    finally:
        if process.returncode is None:
            process.kill()
    await ended
