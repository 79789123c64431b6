"""What whole talks cost: each request is counted, and what a guess cost that came to nothing."""

from decimal import Decimal

import pytest

from agent.costs.bill import Line as BillLine
from agent.costs.prices import Price, Prices, Stage
from tests.fakes.scripted_engines import Reply
from tests.fakes.whole_talk import Line, Says, Stops, WholeTalk, play

PRICES = Prices(
    (
        Price(stage="stt", currency="USD", per_minute=Decimal(6)),
        Price(
            stage="llm", currency="USD", per_million_prompt=Decimal(1_000),
            per_million_completion=Decimal(10_000),
        ),
        Price(stage="tts", currency="EUR", per_million_characters=Decimal(1_000)),
    )
)  # fmt: skip
QUESTION, MORE = "Book a table.", "For two people."
LONGER = f"{QUESTION} {MORE}"
DONE = "It is done."
ASKS = Says(QUESTION, 0.5, 1.6)
GOES_ON = Says(MORE, 2.0, 3.0)


def held(
    *lines: Line, answer: Reply | str = DONE, streams: bool = False, prices: Prices = PRICES
) -> WholeTalk:
    replies: dict[str, Reply | str] = {QUESTION: answer, LONGER: DONE}
    return play(*lines, replies=replies, recognised_s=0.1, streams=streams, prices=prices)


def line(talk: WholeTalk, stage: Stage) -> BillLine:
    assert talk.bill is not None
    [found] = [line for line in talk.bill.lines if line.place.stage == stage]
    return found


def test_each_request_of_a_talk_is_counted() -> None:
    talk = held(ASKS)
    assert line(talk, "stt").used.requests == len(talk.recogniser.asked)  # type: ignore[union-attr]
    assert line(talk, "llm").used.requests == len(talk.model.asked) == 1
    assert line(talk, "tts").used.requests == len(talk.voice.asked)
    assert line(talk, "tts").used.characters == sum(len(text) for text in talk.voice.said)
    assert line(talk, "llm").used.completion_tokens == len(DONE)
    assert talk.bill is not None
    assert talk.bill.complete


def test_the_answer_that_was_begun_on_the_guess_and_is_heard_is_no_waste() -> None:
    talk = held(ASKS, answer=Reply(DONE, first_s=0.05))
    for stage in ("llm", "tts"):
        assert line(talk, stage).thrown.requests == 0
    heard = line(talk, "stt")
    assert heard.used.requests - heard.thrown.requests == 1, "one has all the words"


def test_what_a_wrong_guess_has_cost_is_told_apart() -> None:
    talk = held(ASKS, GOES_ON, answer=Reply(DONE, first_s=2.0))
    assert talk.asked == [QUESTION, LONGER]
    model = line(talk, "llm")
    assert (model.used.requests, model.thrown.requests) == (2, 1)
    assert model.estimated == 1, "it was closed before it told its tokens"
    assert model.used.prompt_tokens - 2 * model.thrown.prompt_tokens == len(f" {MORE}")
    assert model.thrown.completion_tokens == 0
    assert talk.bill is not None
    cost, thrown = talk.bill.sums["USD"]
    assert Decimal(0) < thrown < cost
    heard = line(talk, "stt")
    kept_s = heard.used.seconds - heard.thrown.seconds
    assert 2.0 < kept_s < 4.0, "the caller spoke from 0.5 s to 3.0 s"


def test_an_answer_that_is_interrupted_was_of_use() -> None:
    long = "It is done, and there is a table at the window for you at seven."
    talk = held(ASKS, Stops("", 0.4, over=1), answer=long)
    assert talk.messages[-1][1].endswith("…")
    assert line(talk, "llm").thrown.requests == line(talk, "tts").thrown.requests == 0


@pytest.mark.parametrize("lines", [[ASKS], [ASKS, GOES_ON]])
def test_a_recogniser_that_streams_is_sent_each_second_once(lines: list[Line]) -> None:
    talk = held(*lines, streams=True)
    heard = line(talk, "stt")
    assert heard.used.seconds == pytest.approx(sum(s.heard_s for s in talk.recogniser.streams))  # type: ignore[union-attr]
    assert heard.thrown.seconds == 0


def test_the_room_is_told_after_each_reply_and_at_the_end() -> None:
    talk = held(ASKS, Says(MORE, 0.5, 1.5, after=1))
    assert [message["final"] for message in talk.costs] == [False, False, True]
    sums = [message["sums"][0]["amount"] for message in talk.costs]
    assert sums == sorted(sums)
    assert sums[0] > 0
    engine = talk.costs[-1]["engines"][0]
    assert (engine["stage"], engine["position"], engine["price"]) == ("stt", 1, "listed")


def test_without_a_price_the_cost_is_said_to_be_unknown() -> None:
    talk = held(ASKS, prices=Prices())
    last = talk.costs[-1]
    assert (last["complete"], last["sums"]) == (False, [])
    assert {engine["price"] for engine in last["engines"]} == {"unknown"}
    assert all(engine["unpriced"] == engine["used"]["requests"] for engine in last["engines"])
