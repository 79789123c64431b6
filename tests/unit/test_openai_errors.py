"""Reading the refusals of OpenAI-compatible servers."""

import httpx
import pytest

from agent.remote.openai_errors import reason, reason_of, refusal

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


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(200, False), (400, False), (401, False), (408, True), (429, True), (500, True), (503, True)],
)
def test_another_try_is_made_where_it_may_help(status: int, retryable: bool) -> None:
    error = refusal(httpx.Response(status), "why", who="it", passing=PASSING)
    assert (error.status_code, error.retryable) == (status, retryable)


def test_a_refusal_tells_the_reason_to_who_asks_else_the_status_in_words_else_its_number() -> None:
    found = httpx.Response(404, headers={"x-request-id": "r1"})
    for response, why, reason_told in (
        (found, "no such model", "no such model"),
        (found, "", "Not Found"),
        (httpx.Response(599), "", "status 599"),
    ):
        error = refusal(response, why, who="the server", passing=PASSING)
        assert error.message == f"the server refuses with status {response.status_code}"
        assert reason_of(error) == reason_told
        assert reason_told == "status 599" or reason_told not in f"{error} {error!r}"
    assert refusal(found, "", who="the server", passing=PASSING).request_id == "r1"
