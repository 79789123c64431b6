"""Replies that are begun before the turn is over: nobody is told of their failures.

A guess may be thrown away, and the caller who is still speaking has asked for nothing yet. One
that failed is not taken up when the turn is over: the model and the voice are asked again, and
only that reply may apologise.
"""

import logging
from collections.abc import Callable
from contextvars import ContextVar

from livekit.agents import AgentSession, ConversationItemAddedEvent, SpeechCreatedEvent
from livekit.agents.voice import SpeechHandle

from agent.tasks import fault

logger = logging.getLogger(__name__)

_REPLY: ContextVar[SpeechHandle | None] = ContextVar("reply", default=None)
"""What the current task works on: the framework tells of a reply before it begins its tasks."""


class Guesses:
    """Of one session. Everything here is called in the tasks of the reply that it is about."""

    def __init__(self, session: AgentSession[None]) -> None:
        """Follow the replies of `session`."""
        self._session = session
        self._failed: SpeechHandle | None = None
        self._untold: tuple[SpeechHandle, Callable[[], None]] | None = None
        session.on("speech_created", self._on_created)
        session.on("conversation_item_added", self._on_item)

    def failed(self, error: BaseException, apologise: Callable[[], None]) -> None:
        """The reply has failed: apologise, unless it is a guess or was stopped."""
        reply = _REPLY.get()
        if _is_guess(reply):
            self._failed = reply
        if _is_guess(reply) or (reply is not None and reply.interrupted):
            logger.info("a reply failed that nobody waits for", extra=fault(error))
        else:
            apologise()

    def tell(self, say: Callable[[], None]) -> None:
        """Say something about the reply; about a guess, when the turn has taken it up."""
        reply = _REPLY.get()
        if reply is not None and _is_guess(reply):
            self._untold = (reply, say)
        else:
            say()

    def turn_is_over(self) -> None:
        """The guess will be taken up, if there is one: throw it away if it has failed."""
        reply, self._failed = self._failed, None
        if reply is not None and not reply.interrupted:
            # What was said before the turn has ended by now.
            self._session.interrupt(force=True)

    def _on_created(self, event: SpeechCreatedEvent) -> None:
        _REPLY.set(event.speech_handle)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if self._untold is not None and not _is_guess(self._untold[0]):
            (reply, say), self._untold = self._untold, None
            if not reply.interrupted:
                say()


def _is_guess(reply: SpeechHandle | None) -> bool:
    return reply is not None and not reply.scheduled
