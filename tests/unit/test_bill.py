"""What a call costs: what is known and what is not, what was of use and what was thrown away."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError

from agent.costs.bill import Bill, bill_of
from agent.costs.meter import EngineMeter, Lengths, Meter, Place, Request
from agent.costs.prices import Price, Prices, Stage
from agent.costs.purpose import PURPOSE, Wanted

PRICES = Prices(
    (
        Price(stage="stt", engine="openai", at="far", currency="USD", per_minute=Decimal("0.006")),
        Price(
            stage="llm", engine="openai", currency="USD", per_million_prompt=Decimal(1),
            per_million_completion=Decimal(4),
        ),
        Price(stage="tts", engine="polly", currency="EUR", per_million_characters=Decimal(16)),
        Price(
            stage="tts", engine="openai", currency="USD", per_million_prompt=Decimal(1),
            per_million_completion=Decimal(12),
        ),
    )
)  # fmt: skip


@dataclass
class Engine:
    """What an engine says of itself."""

    model: str = "m-1"
    provider: str = "far"


class Call:
    """The meters of one call."""

    def __init__(self) -> None:
        self.meter = Meter()

    def engine(
        self, stage: Stage, engine: str = "openai", *, hosted: bool = True, **known: str
    ) -> EngineMeter:
        place = Place(stage, len(self.meter.engines) + 1, engine, f"{engine}:here", hosted=hosted)
        return self.meter.of(place, Engine(**known))

    def bill(self, *, final: bool = False) -> Bill:
        return bill_of(self.meter, PRICES, final=final)


def heard(meter: EngineMeter, seconds: float, error: BaseException | None = None) -> Request:
    """One recognition."""
    request = meter.begin()
    request.used.seconds = seconds
    request.answered = error is None
    request.ended(error)
    return request


def said(
    meter: EngineMeter, prompt: int, completion: int, tokens: tuple[int, int] | None = None
) -> Request:
    """One reply: characters, and tokens if they were told."""
    request = meter.begin()
    request.letters = Lengths(prompt, completion)
    request.answered = completion > 0
    if tokens is not None:
        request.tokens_told = True
        request.used.prompt_tokens, request.used.completion_tokens = tokens
    request.ended()
    return request


def as_guess(make: Any, *args: Any) -> Wanted:
    """Make a request for something that may come to nothing."""
    purpose = Wanted()
    token = PURPOSE.set(purpose)
    try:
        make(*args)
    finally:
        PURPOSE.reset(token)
    return purpose


def test_a_call_that_asked_for_nothing_costs_nothing() -> None:
    call = Call()
    call.engine("stt")
    bill = call.bill(final=True)
    assert (bill.lines, bill.sums, bill.complete) == ((), {}, True)


def test_each_engine_has_its_line_and_each_currency_its_sum() -> None:
    call = Call()
    near, far = call.engine("stt", provider="near"), call.engine("stt")
    model, voice = call.engine("llm"), call.engine("tts", "polly")
    heard(near, 10.0)
    heard(far, 60.0)
    heard(far, 30.0)
    said(model, 400, 80, (100, 20))
    request = voice.begin()
    request.used.characters, request.answered = 250, True
    request.ended()
    bill = call.bill()
    assert [(line.place.position, line.price) for line in bill.lines] == [
        (1, "unknown"), (2, "listed"), (3, "listed"), (4, "listed"),
    ]  # fmt: skip
    assert bill.sums == {
        "USD": (Decimal("0.009") + Decimal("0.00018"), Decimal(0)),
        "EUR": (Decimal("0.004"), Decimal(0)),
    }
    assert not bill.complete
    assert bill.as_json()["sums"] == [
        {"currency": "USD", "amount": 0.00918, "thrown_away": 0.0},
        {"currency": "EUR", "amount": 0.004, "thrown_away": 0.0},
    ]


def test_an_unknown_price_is_said_to_be_unknown_and_one_s_own_engine_costs_nothing() -> None:
    call = Call()
    heard(call.engine("stt", "plugin"), 5.0)
    said(call.engine("llm", "handbook", hosted=False, model="9 documents"), 40, 30)
    unknown, own = call.bill().lines
    assert (unknown.price, unknown.unpriced, unknown.currency) == ("unknown", 1, "")
    assert "cost" not in unknown.as_json()
    assert (own.price, own.unpriced, own.label) == ("own", 0, "handbook:here · 9 documents")


def test_a_line_of_the_table_is_the_price_of_one_s_own_engine_too() -> None:
    call = Call()
    heard(call.engine("stt", hosted=False), 60.0)
    [line] = call.bill().lines
    assert (line.price, line.cost) == ("listed", Decimal("0.006"))


def test_what_was_thrown_away_is_in_the_sum_and_told_apart() -> None:
    call = Call()
    engine = call.engine("stt")
    heard(engine, 60.0)
    guess = as_guess(heard, engine, 30.0)
    assert call.bill().sums["USD"] == (Decimal("0.009"), Decimal(0)), "not known yet"
    guess.kept = False
    assert call.bill().sums["USD"] == (Decimal("0.009"), Decimal("0.003"))
    [line] = call.bill(final=True).lines
    assert (line.used.seconds, line.thrown.seconds) == (90.0, 30.0)
    assert (line.used.requests, line.thrown.requests) == (2, 1)


def test_a_guess_that_a_turn_takes_up_is_no_waste_and_one_that_is_forgotten_is() -> None:
    call = Call()
    engine = call.engine("stt")
    as_guess(heard, engine, 60.0).kept = True
    as_guess(heard, engine, 30.0)
    assert call.bill(final=True).sums["USD"] == (Decimal("0.009"), Decimal("0.003"))


def test_what_was_sent_and_given_up_is_paid_for_and_what_was_refused_is_not() -> None:
    call = Call()
    engine = call.engine("stt")
    for sent in (asyncio.CancelledError(), APITimeoutError(), TimeoutError()):
        heard(engine, 10.0, sent)
    for not_taken in (APIStatusError("no", status_code=429), APIConnectionError(), ValueError()):
        heard(engine, 10.0, not_taken)
    [line] = call.bill().lines
    assert (line.used.seconds, line.thrown.seconds, line.failed) == (30.0, 30.0, 3)
    assert line.used.requests == 3


def test_tokens_that_were_not_told_are_estimated_by_those_of_the_same_call() -> None:
    call = Call()
    model = call.engine("llm")
    request = said(model, 400, 80, (100, 20))
    request.used.cached_tokens = 60
    as_guess(said, model, 200, 0).kept = False
    as_guess(said, model, 200, 40).kept = False
    [line] = call.bill().lines
    assert line.estimated == 2
    assert (line.thrown.prompt_tokens, line.thrown.cached_tokens) == (100, 60)
    assert line.thrown.completion_tokens == 10
    assert line.thrown_cost == (100 + 10 * 4) / Decimal(1_000_000)
    assert line.cost == (200 + 30 * 4) / Decimal(1_000_000)
    assert call.bill().as_json()["estimated"]


def test_a_model_that_never_tells_its_tokens_has_an_unknown_cost() -> None:
    call = Call()
    said(call.engine("llm"), 400, 80)
    [line] = call.bill().lines
    assert (line.price, line.unpriced, line.cost) == ("listed", 1, 0)
    assert not call.bill().complete


def test_a_voice_paid_by_tokens_that_tells_none_has_an_unknown_cost() -> None:
    call = Call()
    voice = call.engine("tts")
    said(voice, 20, 20)
    assert call.bill().lines[0].unpriced == 1
    said(voice, 40, 40, (10, 100))
    [line] = call.bill().lines
    assert (line.unpriced, line.estimated, line.used.completion_tokens) == (0, 1, 150)


def test_what_is_still_under_way_counts_and_a_call_begins_with_nothing() -> None:
    call = Call()
    engine = call.engine("stt")
    stream = engine.begin()
    stream.used.seconds = 60.0
    assert call.bill().sums["USD"][0] == Decimal("0.006")
    stream.used.seconds = 120.0
    assert call.bill().sums["USD"][0] == Decimal("0.012")
    call.meter.restart()
    assert call.bill().lines == ()


def test_the_log_line_is_flat_and_has_what_was_used() -> None:
    call = Call()
    engine = call.engine("stt")
    heard(engine, 60.04)
    as_guess(heard, engine, 30.0).kept = False
    assert call.bill(final=True).as_log() == {
        "complete": True,
        "cost_USD": 0.009004,
        "thrown_away_USD": 0.003,
        "stt_1": "openai:here · m-1 (listed)",
        "stt_1_used": "requests=2 seconds=90.0",
        "stt_1_thrown_away_used": "requests=1 seconds=30.0",
    }


def test_a_long_call_of_many_requests_keeps_no_request() -> None:
    call = Call()
    engine = call.engine("stt")
    for _ in range(300):
        heard(engine, 1.0)
        call.bill()
    assert engine.waiting == 0
    assert call.bill().lines[0].used.seconds == 300
