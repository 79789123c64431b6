"""Reading the refusals of OpenAI-compatible servers."""

import httpx
import pytest

from agent.openai_errors import reason, refusal

PASSING = (408, 429)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"error": {"message": "bad voice", "type": "x", "code": None}}, "bad voice"),
        ({"error": "no such model"}, "no such model"),
        ({"detail": {"error": "validation", "message": "bad voice"}}, "bad voice"),
        ({"detail": "Not Found"}, "Not Found"),
        ({"detail": [{"loc": ["body"], "msg": "bad speed"}, {"msg": "other"}]}, "body: bad speed"),
        ({"message": "gone"}, "gone"),
        ("gone", "gone"),
    ],
)
def test_the_sentence_is_found_in_every_dialect(body: object, found: str) -> None:
    assert reason(body) == found


@pytest.mark.parametrize(
    "body", [None, 7, [], {}, {"error": None}, {"error": {"message": 7}}, {"detail": []}, [[]]]
)
def test_a_body_without_a_sentence_has_no_reason(body: object) -> None:
    assert reason(body) == ""


def test_a_reason_is_one_short_line() -> None:
    assert reason("no\n such\t model ") == "no such model"
    assert len(reason("word " * 1000)) == 200


def test_the_text_of_the_request_is_not_repeated_even_where_the_reason_is_cut() -> None:
    assert reason({"error": "cannot say: my secret."}, private="my secret") == "cannot say: …."
    private = "my secret " * 30
    assert "secret" not in reason({"error": f"cannot say: {private}"}, private=private)


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(200, False), (400, False), (401, False), (408, True), (429, True), (500, True), (503, True)],
)
def test_another_try_is_made_where_it_may_help(status: int, retryable: bool) -> None:
    error = refusal(httpx.Response(status), "why", passing=PASSING)
    assert (error.status_code, error.retryable) == (status, retryable)


def test_a_refusal_has_the_reason_else_the_status_in_words_else_its_number() -> None:
    found = httpx.Response(404, headers={"x-request-id": "r1"})
    assert refusal(found, "no such model", passing=PASSING).message == "no such model"
    assert refusal(found, "", passing=PASSING).message == "Not Found"
    assert refusal(httpx.Response(599), "", passing=PASSING).message == "status 599"
    assert refusal(found, "", passing=PASSING).request_id == "r1"
