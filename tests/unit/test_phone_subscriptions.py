"""Which tracks telephones are let hear: what is asked of the server, and when."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agent.interpreting.subscriptions import Change, Ledger, Subscriptions
from tests.fakes import virtual_time

TAKE, GIVE = False, True


def settle(ledger: Ledger, now: float) -> list[Change]:
    """Do all that is due."""
    changes = ledger.due(now)
    for change in changes:
        ledger.done(change, now)
    return changes


def test_what_is_in_a_mix_is_taken_and_what_is_in_none_given_back() -> None:
    ledger = Ledger()
    ledger.want({"tel": ["a", "b"]}, 0.0)
    [taken] = settle(ledger, 0.0)
    assert (set(taken.sids), taken.subscribe) == ({"a", "b"}, TAKE)
    ledger.want({"tel": ["b", "c"]}, 1.0)
    assert sorted(settle(ledger, 1.0), key=lambda change: change.sids) == [
        Change("tel", ("a",), GIVE),
        Change("tel", ("c",), TAKE),
    ]
    ledger.want({}, 1.5)
    [back] = settle(ledger, 1.5)
    assert (set(back.sids), back.subscribe) == ({"b", "c"}, GIVE)
    assert ledger.next_due() is None


def test_a_track_is_taken_twice_and_given_back_once() -> None:
    ledger = Ledger()
    ledger.want({"tel": ["a"]}, 0.0)
    settle(ledger, 0.0)
    assert ledger.next_due() == 2.0
    assert settle(ledger, 2.0) == [Change("tel", ("a",), TAKE)]
    assert ledger.next_due() is None
    ledger.want({"tel": ["a"]}, 3.0)
    assert ledger.next_due() is None
    ledger.want({}, 4.0)
    settle(ledger, 4.0)
    assert ledger.next_due() is None


def test_a_request_that_fails_is_tried_again_and_then_given_up() -> None:
    ledger = Ledger()
    ledger.want({"tel": ["a"]}, 0.0)
    tries = []
    while (now := ledger.next_due()) is not None:
        tries.append(now)
        [change] = ledger.due(now)
        ledger.failed(change, now)
    assert tries == [0.0, 0.5, 1.5, 3.5, 7.5]
    ledger.want({"tel": ["a"]}, 20.0)
    assert ledger.next_due() is None
    ledger.want({"tel": ["a", "b"]}, 30.0)
    [change] = ledger.due(30.0)
    assert set(change.sids) == {"a", "b"}


def test_who_and_what_has_gone_is_not_asked_about() -> None:
    ledger = Ledger()
    ledger.want({"tel": ["a", "b"], "other": ["b"]}, 0.0)
    settle(ledger, 0.0)
    ledger.gone(phones=["tel"], sids=["b"])
    ledger.want({}, 1.0)
    assert ledger.due(1.0) == []


def test_an_answer_that_comes_when_all_is_different_changes_nothing() -> None:
    ledger = Ledger()
    ledger.want({"tel": ["a"]}, 0.0)
    [taking] = ledger.due(0.0)
    ledger.want({}, 0.1)
    ledger.done(taking, 0.2)
    assert ledger.due(0.2) == [Change("tel", ("a",), GIVE)]


class Server:
    """Remembers who is subscribed to what; fails as often as it is told to."""

    def __init__(self, *, failures: int = 0, hangs: bool = False) -> None:
        self.subscribed = {"a", "b"}
        self.failures = failures
        self.hangs = hangs

    async def update(self, phone: str, sids: list[str], subscribe: bool) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.subscribed = self.subscribed | set(sids) if subscribe else self.subscribed - set(sids)


def run(server: Server, script: Callable[[Subscriptions], Awaitable[None]]) -> Subscriptions:
    async def talk() -> Subscriptions:
        clock = asyncio.get_running_loop().time
        subscriptions = Subscriptions(server.update, clock=clock)
        running = asyncio.create_task(subscriptions.run())
        await script(subscriptions)
        running.cancel()
        await asyncio.wait({running})
        await subscriptions.aclose()
        return subscriptions

    return virtual_time.run(talk())


@pytest.mark.parametrize("failures", [0, 2])
def test_the_server_is_asked_until_it_has_done_it(failures: int) -> None:
    server = Server(failures=failures)

    async def script(subscriptions: Subscriptions) -> None:
        subscriptions.want({"tel": ["a"]})
        await asyncio.sleep(5.0)
        assert server.subscribed == {"b"}

    assert run(server, script).failures == failures
    assert server.subscribed == {"a", "b"}, "given back at the end"


def test_giving_back_is_tried_again_at_the_end() -> None:
    server = Server()

    async def script(subscriptions: Subscriptions) -> None:
        subscriptions.want({"tel": ["a"]})
        await asyncio.sleep(5.0)
        server.failures = 2

    assert run(server, script).failures == 2
    assert server.subscribed == {"a", "b"}


def test_a_server_that_does_not_answer_holds_the_end_up_for_a_moment_alone() -> None:
    server = Server(hangs=True)

    async def script(subscriptions: Subscriptions) -> None:
        subscriptions.want({"tel": ["a"]})
        await asyncio.sleep(1.0)

    async def talk() -> float:
        begin = asyncio.get_running_loop().time()
        subscriptions = Subscriptions(server.update, clock=asyncio.get_running_loop().time)
        subscriptions.want({"tel": ["a"]})
        await subscriptions.aclose()
        return asyncio.get_running_loop().time() - begin

    run(server, script)
    assert virtual_time.run(talk()) == pytest.approx(3.0, abs=0.1)
