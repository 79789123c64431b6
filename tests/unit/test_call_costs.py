"""The feature that tells what a call costs: to whom, and that it can end no call."""

import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc

from agent.call.costs import Costs
from agent.call.features import Features
from agent.costs.meter import Meter, Place
from agent.costs.prices import Prices
from agent.tasks import CallTasks


class Session(rtc.EventEmitter[str]):
    """As far as the feature needs one."""


class Odd:
    """Somebody's engine that cannot say what it is."""

    provider = "far"

    @property
    def model(self) -> str:
        raise ValueError("SECRET")


def costs(meter: Meter, told: list[tuple[str, Any]] | None) -> Costs:
    publish = None if told is None else lambda topic, message: told.append((topic, message))
    return Costs(cast("Any", Session()), meter, Prices(), publish=publish)


def asked(engine: Any) -> Meter:
    meter = Meter()
    meter.of(Place("stt", 1, "openai", "openai", hosted=True), engine)
    return meter


def use(meter: Meter) -> None:
    with meter.engines[0].begin() as request:
        request.used.seconds, request.answered = 2.0, True


def test_the_room_is_told_nothing_where_it_is_not_to_know(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    meter = asked(SimpleNamespace(model="m", provider="far"))
    feature = costs(meter, None)
    use(meter)
    feature.reply("Hello.", interrupted=False)
    feature.gone()
    [record] = caplog.records
    assert record.message == "what the call cost"
    assert vars(record)["stt_1_used"] == "requests=1 seconds=2.0"
    assert vars(record)["complete"] is False


def test_what_a_process_asked_before_its_call_is_not_the_call_s() -> None:
    meter = asked(SimpleNamespace(model="m", provider="far"))
    use(meter)
    told: list[tuple[str, Any]] = []
    costs(meter, told).gone()
    assert told == [("rejoinder.cost", told[0][1])]
    assert told[0][1]["engines"] == []


def test_a_sum_that_fails_is_counted_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    meter = asked(Odd())
    told: list[tuple[str, Any]] = []
    features = Features(CallTasks(), [costs(meter, told)])
    use(meter)
    features.reply("Hello.", interrupted=False)
    features.gone()
    assert features.faults == 2
    assert told == []
    assert "SECRET" not in caplog.text
