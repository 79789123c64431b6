import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from livekit.agents import APIConnectionError, APIStatusError
from livekit.agents.cli.log import ColoredFormatter, JsonFormatter

from agent.errors import ConfigError
from agent.job.log import PRIVATE, PrivacyFilter, Uncoloured, protect_logs

ROOT = Path(__file__).resolve().parents[2]


def cleaned(message: str, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("x", logging.INFO, "f", 1, message, None, None)
    record.__dict__.update(extra)
    assert PrivacyFilter().filter(record)
    return record


def test_who_called_and_what_was_said_is_removed() -> None:
    secrets = dict.fromkeys(PRIVATE, "secret") | {"lk.pii.user_transcript": "secret"}
    record = cleaned("received user transcript", job_id="AJ_1", **secrets)
    assert "secret" not in str(record.__dict__)
    assert record.__dict__["job_id"] == "AJ_1"


@contextmanager
def writing(handler: logging.Handler) -> Iterator[logging.Handler]:
    """The root logger's only handler: those of the test run stay as they are."""
    root = logging.getLogger()
    before, root.handlers = root.handlers, [handler]
    try:
        yield handler
    finally:
        root.handlers = before


@pytest.mark.parametrize(
    "message",
    [
        "failed to synthesize speech: no audio frames were pushed for text: my secret, retrying",
        "failed to say text: my secret",
        "unknown AI function `my_secret`",
    ],
)
def test_text_inside_a_known_message_is_cut_off(message: str) -> None:
    assert "secret" not in cleaned(message).getMessage()


def test_the_filter_is_installed_once_on_every_writing_handler() -> None:
    with writing(logging.NullHandler()) as handler:
        protect_logs()
        protect_logs()
        assert [type(f) for f in handler.filters] == [PrivacyFilter]


def test_no_log_call_of_ours_formats_its_message() -> None:
    """Facts go to `extra`; an f-string or a % could carry a transcript or a name."""
    call = re.compile(r"logger\.(debug|info|warning|error|exception|critical)\(\s*(\S+)", re.S)
    found = []
    for folder in ("agent", "model_servers", "rejoinder"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for match in call.finditer(path.read_text()):
                first = match[2]
                if not first.startswith(('"', "'")) or "%" in first:
                    found.append(f"{path.relative_to(ROOT)}: {match[0]}")
    assert not found


@pytest.fixture(params=["plain", "json", "coloured"])
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What a logger `a.library` writes."""
    sink = io.StringIO()
    handler = logging.StreamHandler(sink)
    if request.param == "json":
        handler.setFormatter(JsonFormatter())
    elif request.param == "coloured":
        handler.setFormatter(ColoredFormatter("%(esc_levelcolor)s%(message)s %(extra)s"))
    handler.addFilter(PrivacyFilter())
    logger = logging.getLogger("a.library")
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    yield sink
    logger.removeHandler(handler)
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


WORDS = " ".join(("my", "secret"))
"""Not as it would stand in a line of source code, which a traceback may show."""


def refused() -> APIStatusError:
    return APIStatusError(f"bad: {WORDS}", status_code=400, body={"input": WORDS})


def test_an_error_is_told_by_type_status_and_place_and_not_by_its_text(
    written: io.StringIO,
) -> None:
    log = logging.getLogger("a.library")
    try:
        try:
            raise refused()
        except APIStatusError as inner:
            raise APIConnectionError(f"gave up: {WORDS}") from inner
    except APIConnectionError as error:
        # As livekit-agents writes it.
        log.warning(f"failed: {error}, again", extra={"error": str(error)})  # noqa: G004
        log.warning("failed: %s", error)
        log.warning("failed", extra={"error": error, "request": {"text": WORDS}})
        log.exception("Error in _llm_inference_task")
    log.error("never retrieved: %r", refused(), exc_info=refused())
    lines = written.getvalue()
    assert WORDS not in lines
    assert "failed: APIConnectionError, again" in lines
    assert "APIStatusError (status 400)" in lines
    assert "test_privacy.py" in lines


def test_errors_of_a_group_are_told_in_the_same_way(written: io.StringIO) -> None:
    try:
        raise ExceptionGroup(WORDS, [refused(), ValueError(WORDS)])
    except ExceptionGroup:
        logging.getLogger("a.library").exception("it ended")
    assert WORDS not in written.getvalue()
    assert "ValueError" in written.getvalue()


class Unsayable(Exception):
    def __str__(self) -> str:
        raise ValueError(WORDS)


@pytest.mark.parametrize("arguments", [(WORDS,), (1, Unsayable())])
def test_a_line_that_cannot_be_written_ends_nothing_and_tells_nothing(
    written: io.StringIO, arguments: tuple[object, ...]
) -> None:
    error = next((a for a in arguments if isinstance(a, Exception)), None)
    logging.getLogger("a.library").warning(
        "%d then %s", *arguments, exc_info=error, extra={"note": WORDS}
    )
    assert "a line that cannot be written" in written.getvalue()
    assert WORDS not in written.getvalue()


def test_what_we_say_ourselves_is_told(written: io.StringIO) -> None:
    try:
        raise ConfigError("LLM_URL is missing")
    except ConfigError:
        logging.getLogger("a.library").exception("it ended")
    assert "LLM_URL is missing" in written.getvalue()


@pytest.mark.parametrize(
    "name", ["openai._base_client", "httpx", "httpcore.http11", "botocore.hooks"]
)
def test_requests_and_answers_are_in_no_line_at_any_level(name: str) -> None:
    record = logging.LogRecord(name, logging.DEBUG, "f", 1, "Request options: %s", ("x",), None)
    assert not PrivacyFilter().filter(record)
    record = logging.LogRecord(name, logging.WARNING, "f", 1, "proxy is odd", (), None)
    assert PrivacyFilter().filter(record)


def test_files_hold_no_colour_codes() -> None:
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(ColoredFormatter("%(esc_levelcolor)s%(message)s"))
    with writing(handler):
        protect_logs()
        assert isinstance(handler.formatter, Uncoloured)
        record = logging.LogRecord("x", logging.INFO, "f", 1, "hello", (), None)
        assert handler.format(record) == "hello"
