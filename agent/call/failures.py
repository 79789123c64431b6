"""What happens when a stage fails, or a part of the call is lost."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from livekit.agents import AgentSession, ErrorEvent, stt, tts

from agent.call.guesses import Guesses
from agent.call.notices import Notices
from agent.tasks import CallTasks
from agent.wording.lexicon.entry import Fault

_GOODBYE_S = 10.0
"""Longest time the last sentence of a call that cannot go on may take, seconds."""


class Failures:
    """Of one call: an engine's end in an apology, a part's in the end of the call."""

    def __init__(
        self,
        session: AgentSession[None],
        tasks: CallTasks,
        notices: Notices,
        *,
        over: Callable[[], None],
    ) -> None:
        """Follow the errors of `session`; `over` ends the call."""
        self._session = session
        self._tasks = tasks
        self._notices = notices
        self._over = over
        self._guesses = Guesses(session)
        session.on("error", self._on_error)

    def turn_is_over(self) -> None:
        """A guess is taken up next, if there is one."""
        self._guesses.turn_is_over()

    def model_failed(self, error: Exception) -> None:
        """A reply has failed, or the guess of one."""
        self._reply_failed("llm", error)

    def recognition_failed(self, error: Exception) -> None:
        """The caller must say it again."""
        self._notices.apologise("stt", error)

    def deaf(self) -> None:
        """A part has failed too often: say so and end the call."""
        self._tell()
        self._tasks.need(self._say_goodbye(), name="goodbye")

    def mute(self) -> None:
        """The voice has failed too often: end the call."""
        self._tell()
        self._over()

    def _tell(self) -> None:
        text = self._notices.apology("session")
        self._notices.notice(text, stage="session", level="error")

    async def _say_goodbye(self) -> None:
        with suppress(RuntimeError, TimeoutError):  # the session may be closing
            async with asyncio.timeout(_GOODBYE_S):
                await self._session.interrupt(force=True)
                await self._session.say(self._notices.apology("session"), add_to_chat_ctx=False)
        self._over()

    def _on_error(self, event: ErrorEvent) -> None:
        error = event.error
        if getattr(error, "recoverable", False):
            if isinstance(error, tts.TTSError):
                self._guesses.tell(self._notices.voice_replaced)
        elif isinstance(error, stt.STTError):
            self.recognition_failed(error.error)
        elif isinstance(error, tts.TTSError):
            self._reply_failed("tts", error.error)

    def _reply_failed(self, stage: Fault, error: Exception) -> None:
        self._guesses.failed(error, lambda: self._notices.apologise(stage, error))
