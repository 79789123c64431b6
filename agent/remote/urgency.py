"""Whether a recognition may wait for others: said where it is asked, read where it is sent.

A request made while the caller still speaks must not delay another call's last words on a
shared model server. livekit-agents has no parameter for it, so it travels in the context of
the task that makes the request.
"""

from contextvars import ContextVar

INTERIM: ContextVar[bool] = ContextVar("interim", default=False)
"""True while the request of this task is for words that will be asked for again."""

HEADER = "X-Priority"
"""Request header of our Whisper server (model_servers/PROTOCOL.md); others ignore it."""
