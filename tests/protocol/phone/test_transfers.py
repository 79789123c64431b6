"""A telephone is sent elsewhere: a real livekit-server, and a SIP service on its bus."""

import asyncio

import pytest
from livekit import api, rtc

from agent.call.refer import Outcome, refer
from testbed.sip_service import Picks, Refuses, Rings, SipService, Telephone
from tests.protocol.phone.conftest import Exchange

pytestmark = pytest.mark.timeout(60)

ROOM, THEM = "call-1", "sip_caller"
SALES = "tel:+4930123456"


@pytest.fixture
def trunk(exchange: Exchange) -> str:
    request = api.CreateSIPOutboundTrunkRequest(
        trunk=api.SIPOutboundTrunkInfo(
            name="carrier", address="sip.example.com", numbers=["+15550100"]
        )
    )
    made = exchange.ask(lambda livekit: livekit.sip.create_outbound_trunk(request))
    assert isinstance(made, api.SIPOutboundTrunkInfo)
    return made.sip_trunk_id


@pytest.fixture
def line(exchange: Exchange, service: SipService, trunk: str) -> SipService:
    """A telephone is in the room, and talks."""
    request = api.CreateSIPParticipantRequest(
        sip_trunk_id=trunk, sip_call_to="+15550199", room_name=ROOM, participant_identity=THEM,
        wait_until_answered=True,
    )  # fmt: skip
    exchange.ask(lambda livekit: livekit.sip.create_sip_participant(request, timeout=20))
    return service


def sent(exchange: Exchange, identity: str = THEM) -> Outcome:
    outcome = exchange.ask(
        lambda livekit: refer(livekit, room=ROOM, identity=identity, address=SALES)
    )
    return outcome  # type: ignore[return-value]


def people(exchange: Exchange) -> list[str]:
    request = api.ListParticipantsRequest(room=ROOM)
    found = exchange.ask(lambda livekit: livekit.room.list_participants(request))
    assert isinstance(found, api.ListParticipantsResponse)
    return [person.identity for person in found.participants]


def test_a_telephone_is_sent_elsewhere_and_leaves(exchange: Exchange, line: SipService) -> None:
    assert sent(exchange) == "through"
    [(call, where)] = line.transferred
    assert where == SALES
    assert call.startswith("SCL_")

    async def gone(livekit: api.LiveKitAPI) -> None:
        request = api.ListParticipantsRequest(room=ROOM)
        while (await livekit.room.list_participants(request)).participants:
            await asyncio.sleep(0.1)

    exchange.ask(gone)


@pytest.mark.parametrize(
    ("telephone", "outcome"),
    [
        (Refuses(486, "Busy Here", 0.3), "busy"),
        (Refuses(480, "Temporarily Unavailable"), "unanswered"),
        (Rings(), "unanswered"),
        (Refuses(603, "Decline"), "failed"),
        (Refuses(404, "Not Found"), "failed"),
    ],
    ids=str,
)
def test_what_nobody_takes_there_leaves_the_telephone_here(
    exchange: Exchange, line: SipService, telephone: Telephone, outcome: Outcome
) -> None:
    line.there[SALES] = telephone
    assert sent(exchange) == outcome
    assert len(line.transferred) == 1
    assert people(exchange) == [THEM]


def test_after_a_refusal_it_can_be_sent_again(exchange: Exchange, line: SipService) -> None:
    line.there[SALES] = Refuses(486)
    assert sent(exchange) == "busy"
    line.there[SALES] = Picks(0.1)
    assert sent(exchange) == "through"


def test_nobody_is_sent_who_is_not_there(
    exchange: Exchange, line: SipService, caplog: pytest.LogCaptureFixture
) -> None:
    assert sent(exchange, "sip_other") == "failed"
    assert line.transferred == []
    assert "4930" not in str([record.__dict__ for record in caplog.records])


@pytest.mark.usefixtures("trunk")
def test_without_a_sip_service_nobody_is_sent(exchange: Exchange) -> None:
    """A telephone whose service has died: the participant is still there."""
    server = exchange.livekit

    async def joined(livekit: api.LiveKitAPI) -> Outcome:
        room = rtc.Room()
        attributes = {"sip.callID": "SCL_gone", "sip.callStatus": "active"}
        await room.connect(server.url, server.token(ROOM, THEM, phone=True, attributes=attributes))
        try:
            return await refer(livekit, room=ROOM, identity=THEM, address=SALES)
        finally:
            await room.disconnect()

    assert exchange.ask(joined) == "failed"


def test_a_server_that_is_gone_is_no_end_of_the_call(exchange: Exchange) -> None:
    async def asked(livekit: api.LiveKitAPI) -> Outcome:
        async with api.LiveKitAPI("http://127.0.0.1:9", "key", "secret" * 8) as nowhere:
            return await refer(nowhere, room=ROOM, identity=THEM, address=SALES)

    assert exchange.ask(asked) == "failed"
