"""What a log line may hold: facts about the call, never what was said or who said it.

An error's text is private until it is known to be ours: a server that refuses a request may
repeat the caller's words in its reason. So errors appear by type, status and place alone.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator

from agent.errors import RejoinderError
from agent.masking import masked_text

PRIVATE = frozenset(
    (
        "transcript", "user_transcript", "text", "input_text", "speech_text", "content", "body",
        "participant", "participant_identity", "identity", "user", "user_input", "arguments",
        "room", "room_name", "room_id", "job_request", "phone_number", "chat_ctx", "instructions",
        "function", "functions",
    )
)  # fmt: skip
"""Attributes that livekit-agents and its plug-ins attach to records and that tell who
called or what was said. The name of a function is the model's word, which may have invented it."""

_SPOKEN = (
    "no audio frames were pushed for text",
    "failed to say text",
    "unknown AI function",
    "AgentSession is closing due to unrecoverable error",
)
"""livekit-agents messages that end in the text itself, or in an error's."""

_WIRE = frozenset(
    (
        "openai", "httpx", "httpcore", "botocore", "boto3", "urllib3", "aiohttp", "websockets",
        "gradio_client", "faster_whisper", "h2", "hpack", "multipart",
    )
)  # fmt: skip
"""Libraries whose lines below WARNING hold requests, answers and keys, whoever switches them on."""

_KNOWN = logging.makeLogRecord({}).__dict__.keys() | {"message", "asctime", "taskName"}
_FACTS = (str, int, float, bool, type(None))
_LEAST_TEXT = 4
"""Characters; shorter texts of errors are found in any line."""
_COLOUR = re.compile("\x1b\\[[0-9;]*m")


class PrivacyFilter(logging.Filter):
    """Removes private attributes and what errors say, and holds back what wire libraries tell."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record in place; False: it is not to be written at all."""
        library = record.name.partition(".")[0]
        if library in _WIRE and record.levelno < logging.WARNING:
            return False
        try:
            self._clean(record, ours=library in {"agent", "rejoinder"})
        except Exception as error:  # noqa: BLE001 - what writes a wrong line must not fail for it
            _empty(record, type(error).__name__)
        return True

    def _clean(self, record: logging.LogRecord, *, ours: bool) -> None:
        error = record.exc_info[1] if record.exc_info else None
        # The one being handled: libraries put its text into their messages.
        secrets = _secrets(error, sys.exc_info()[1])
        self._clean_attributes(record, secrets, ours=ours)
        self._clean_message(record, secrets)
        if error is not None:
            record.exc_text = _trace(error)
            record.exc_info = None
            record.__dict__["_cleaned"] = True
        elif record.exc_text and not record.__dict__.get("_cleaned"):
            record.exc_text = None

    def _clean_attributes(
        self, record: logging.LogRecord, secrets: list[tuple[str, str]], *, ours: bool
    ) -> None:
        for name, value in list(record.__dict__.items()):
            if name in _KNOWN:
                continue
            if name in PRIVATE or name.startswith("lk.pii."):
                del record.__dict__[name]
            elif isinstance(value, BaseException):
                record.__dict__[name] = _label(value)
            elif isinstance(value, str):
                record.__dict__[name] = masked_text(_without(value, secrets))
            elif not ours and not isinstance(value, _FACTS):
                record.__dict__[name] = type(value).__name__

    def _clean_message(self, record: logging.LogRecord, secrets: list[tuple[str, str]]) -> None:
        if isinstance(record.args, tuple):
            # asyncio names tasks and handles with all that they were given.
            plain = record.name == "asyncio"
            record.args = tuple(
                _label(arg)
                if isinstance(arg, BaseException)
                else type(arg).__name__
                if plain and not isinstance(arg, _FACTS)
                else arg
                for arg in record.args
            )
        if not isinstance(record.msg, str):
            return
        message = record.getMessage()
        clean = masked_text(_without(message, secrets))
        for known in _SPOKEN:
            if known in clean:
                clean = clean[: clean.index(known) + len(known)]
        if clean != message:
            record.msg, record.args = clean, None


def _empty(record: logging.LogRecord, why: str) -> None:
    """Leave of a record where it comes from."""
    for name in record.__dict__.keys() - _KNOWN:
        del record.__dict__[name]
    record.msg, record.args = f"a line that cannot be written: {why}", None
    record.exc_info = record.exc_text = None


class Uncoloured(logging.Formatter):
    """Another formatter's lines without the terminal's colour codes, for files and pipes."""

    def __init__(self, inner: logging.Formatter) -> None:
        """Take the lines of `inner`."""
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        return _COLOUR.sub("", self._inner.format(record))


class _WithFacts(logging.Formatter):
    """Lines like livekit-agents' own: what a record has in `extra` stands behind its message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        line = super().formatMessage(record)
        own = {k: v for k, v in vars(record).items() if k not in _KNOWN and not k.startswith("_")}
        return f"{line} {json.dumps(own, default=str, ensure_ascii=False)}" if own else line


def set_up_logs() -> None:
    """Log to standard error, in a process where livekit-agents does not.

    Its lines are protected as the worker's. Of libraries, warnings and errors alone.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_WithFacts("%(asctime)s - %(levelname)-4s %(name)s - %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("agent").setLevel(logging.INFO)
    protect_logs()


def protect_logs() -> None:
    """Install the filter on the handlers that write: all of the root logger's.

    Call it in the worker and in each job process: a job's records are put into words before
    they travel to the worker, and livekit-agents adds the room's name just before the worker
    writes them.
    """
    for handler in logging.getLogger().handlers:
        if any(isinstance(f, PrivacyFilter) for f in handler.filters):
            continue
        handler.addFilter(PrivacyFilter())
        stream = getattr(handler, "stream", None)
        if handler.formatter is not None and stream is not None and not stream.isatty():
            handler.setFormatter(Uncoloured(handler.formatter))


class _FirstLine(logging.Filter):
    """Protects the handlers before the first line is written; removes nothing itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass."""
        protect_logs()
        return True


def protect_from_the_first_line() -> None:
    """Install the filter as soon as the framework logs.

    It makes its handler after it has imported the worker, and then tells that it starts.
    """
    for name in ("livekit.agents", "asyncio"):
        logging.getLogger(name).addFilter(_FirstLine())


def _chain(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, BaseExceptionGroup):
            for part in error.exceptions:
                yield from _chain(part, seen)
        yield from _chain(error.__cause__, seen)
        error = error.__context__


def _secrets(*errors: BaseException | None) -> list[tuple[str, str]]:
    """What the errors say, longest first, and what to write in its place."""
    found: dict[str, str] = {}
    seen: set[int] = set()
    for first in errors:
        for error in _chain(first, seen):
            if isinstance(error, RejoinderError):
                continue
            texts = [repr(error), str(error), getattr(error, "message", None)]
            texts += [getattr(error, "body", None), *error.args]
            for text in texts:
                if text is not None and len(str(text)) >= _LEAST_TEXT:
                    found[str(text)] = _label(error)
    return sorted(found.items(), key=lambda item: -len(item[0]))


def _without(text: str, secrets: list[tuple[str, str]]) -> str:
    for secret, label in secrets:
        text = text.replace(secret, label)
    return text


def _label(error: BaseException) -> str:
    """An error in words of our own."""
    name = type(error).__name__
    if isinstance(error, (RejoinderError, ImportError)):
        return f"{name}: {error}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name} (errno {error.errno})"
    status = getattr(error, "status_code", None)
    return f"{name} (status {status})" if isinstance(status, int) else name


def _trace(error: BaseException) -> str:
    """Where an error and those behind it were raised, without what they say."""
    parts = []
    for one in reversed(list(_chain(error, set()))):
        places = "".join(traceback.format_tb(one.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{places}{_label(one)}")
    return "\n\n".join(parts)
