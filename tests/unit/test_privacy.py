import logging
import re
from pathlib import Path

import pytest

from agent.log import PRIVATE, PrivacyFilter, protect_logs

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


@pytest.mark.parametrize(
    "message",
    [
        "failed to synthesize speech: no audio frames were pushed for text: my secret, retrying",
        "failed to say text: my secret",
    ],
)
def test_text_inside_a_known_message_is_cut_off(message: str) -> None:
    assert "secret" not in cleaned(message).getMessage()


def test_the_filter_is_installed_once_on_every_writing_handler() -> None:
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        protect_logs()
        protect_logs()
        assert [type(f) for f in handler.filters] == [PrivacyFilter]
    finally:
        logging.getLogger().removeHandler(handler)


def test_no_log_call_of_ours_formats_its_message() -> None:
    """Facts go to `extra`; an f-string or a % could carry a transcript or a name."""
    call = re.compile(r"logger\.(debug|info|warning|error|exception|critical)\(\s*(\S+)", re.S)
    found = []
    for folder in ("agent", "model_servers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for match in call.finditer(path.read_text()):
                first = match[2]
                if not first.startswith(('"', "'")) or "%" in first:
                    found.append(f"{path.relative_to(ROOT)}: {match[0]}")
    assert not found
