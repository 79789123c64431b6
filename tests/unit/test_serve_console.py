"""What a model server writes to standard error."""

import logging
from collections.abc import Iterator

import pytest

from model_servers.serving.console import make_say, set_up_logging


@pytest.fixture
def own_logging() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("", "model_servers", "uvicorn.error")]
    before = [(logger.handlers[:], logger.level) for logger in loggers]
    yield
    for logger, (handlers, level) in zip(loggers, before, strict=True):
        logger.handlers[:], logger.level = handlers, level


def test_a_line_of_progress_begins_with_the_servers_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_say("whisper")("listening on http://127.0.0.1:1")
    assert capsys.readouterr().err == "whisper: listening on http://127.0.0.1:1\n"


@pytest.mark.usefixtures("own_logging")
def test_the_facts_of_a_log_record_follow_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("tts", debug=False)
    logger = logging.getLogger("model_servers.serving.anything")
    logger.error("a request failed", extra={"kind": "KeyError", "route": "/v1"})
    logger.debug("not shown")
    logging.getLogger("another.library").info("not shown")
    assert capsys.readouterr().err == "tts: a request failed kind=KeyError route=/v1\n"
