"""What a log line may hold: facts about the call, never what was said or who said it."""

import logging

PRIVATE = frozenset(
    (
        "transcript", "user_transcript", "text", "input_text", "speech_text", "content", "body",
        "participant", "participant_identity", "identity", "user", "user_input", "arguments",
        "room", "room_name", "room_id", "job_request", "phone_number", "chat_ctx", "instructions",
    )
)  # fmt: skip
"""Attributes that livekit-agents and its plug-ins attach to records and that tell who
called or what was said."""

_SPOKEN = ("no audio frames were pushed for text", "failed to say text")
"""livekit-agents messages that end in the text itself."""


class PrivacyFilter(logging.Filter):
    """Removes private attributes and the text behind known messages."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record in place; every record passes."""
        for name in [n for n in record.__dict__ if n in PRIVATE or n.startswith("lk.pii.")]:
            del record.__dict__[name]
        if isinstance(record.msg, str) and any(known in record.msg for known in _SPOKEN):
            known = next(known for known in _SPOKEN if known in record.msg)
            record.msg, record.args = record.msg[: record.msg.index(known) + len(known)], None
        return True


def protect_logs() -> None:
    """Install the filter on the handlers that write: all of the root logger's.

    livekit-agents adds the room's name to what job processes log just before it is
    written, so the writing end is the only place that sees everything.
    """
    for handler in logging.getLogger().handlers:
        if not any(isinstance(f, PrivacyFilter) for f in handler.filters):
            handler.addFilter(PrivacyFilter())
