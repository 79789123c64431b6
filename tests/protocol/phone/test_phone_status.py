"""`rejoinder phone status`: each fault on a real livekit-server, and what it says to do."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from livekit import api, rtc

from rejoinder.cli import main
from rejoinder.demo.ports import PortPicker
from testbed.livekit_process import livekit_binary, run_livekit
from testbed.programs import Background
from testbed.sip_service import SipService
from tests.protocol.phone.conftest import Exchange, set_to

Phone = Callable[..., tuple[int, str, str]]

OFFICE = """\
inbound:
  office:
    numbers: {"+15550100": receptionist, "+15550101": mentor}
    allowed_addresses: [192.0.2.0/24]
outbound:
  carrier:
    address: sip.example.com
    numbers: ["+15550100"]
    auth_username: office
    auth_password: ${SIP_PASSWORD}
"""


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    with PortPicker() as free:
        monkeypatch.setenv("AGENT_HEALTH_PORT", str(free.tcp()))


@pytest.fixture
def set_up(phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trunks and rules of a file."""
    monkeypatch.setenv("SIP_PASSWORD", "hush-4711")
    file = tmp_path / "phone.yaml"
    file.write_text(OFFICE)
    assert phone("setup", str(file))[0] == 0


def told(phone: Phone) -> dict[str, Any]:
    """What `--json` says."""
    code, said, complained = phone("status", "--json")
    assert complained == ""
    found = json.loads(said)
    assert code == (1 if found["faults"] else 0)
    assert isinstance(found, dict)
    return found


def whats(phone: Phone) -> list[str]:
    """The faults."""
    return [fault["what"] for fault in told(phone)["faults"]]


@pytest.mark.usefixtures("service", "set_up")
def test_all_is_well_with_trunks_rules_and_a_service(phone: Phone) -> None:
    code, said, _ = phone("status")
    assert code == 0
    assert "nothing is wrong" in said
    lines = [line.split() for line in said.splitlines()]
    office = "rejoinder/office"
    assert ["+15550100", office, "receptionist", "operator", f"{office}/+15550100"] in lines
    assert ["+15550101", office, "mentor", "operator", f"{office}/+15550101"] in lines
    assert "calls out as +15550100 by sip.example.com" in said
    assert "SIP service: connected; calls now: 0" in said
    assert "hush-4711" not in said + json.dumps(told(phone))


@pytest.mark.usefixtures("set_up")
def test_a_missing_sip_service_is_seen(phone: Phone, exchange: Exchange) -> None:
    found = told(phone)
    assert found["sip_service"] is False
    (fault,) = found["faults"]
    assert "no SIP service is connected" in fault["what"]
    assert "start livekit-sip" in fault["remedy"]
    assert "missing" in phone("status")[1]


@pytest.mark.usefixtures("set_up")
def test_looking_for_the_service_makes_no_room_and_no_call(
    phone: Phone, exchange: Exchange, service: SipService
) -> None:
    assert whats(phone) == []
    rooms = exchange.ask(lambda livekit: livekit.room.list_rooms(api.ListRoomsRequest()))
    assert isinstance(rooms, api.ListRoomsResponse)
    assert list(rooms.rooms) == []
    assert service.called == []


async def test_a_server_without_redis_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with run_livekit(livekit_binary(), tmp_path / "livekit") as server:
        set_to(monkeypatch, server)
        code = await asyncio.to_thread(main, ["phone", "status", "--json"])
    assert code == 1
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert "has no redis" in fault["what"]
    assert "put `redis:" in fault["remedy"]


@pytest.mark.usefixtures("service", "set_up")
def test_a_trunk_without_a_rule_is_seen(phone: Phone, exchange: Exchange) -> None:
    delete_rule(exchange, "rejoinder/office/+15550101")
    assert whats(phone) == [], "the trunk's other rule answers"
    delete_rule(exchange, "rejoinder/office")
    (what,) = whats(phone)
    assert "+15550101 (rejoinder/office" in what
    assert "no dispatch rule" in what


@pytest.mark.usefixtures("service", "set_up")
def test_a_rule_whose_trunk_is_gone_is_seen(phone: Phone, exchange: Exchange) -> None:
    (trunk,) = exchange.stock.inbound
    request = api.DeleteSIPTrunkRequest(sip_trunk_id=trunk.sip_trunk_id)
    exchange.ask(lambda livekit: livekit.sip.delete_trunk(request))
    found = whats(phone)
    assert len(found) == 3
    assert all(f"a trunk that is gone: {trunk.sip_trunk_id}" in what for what in found)


@pytest.mark.usefixtures("service", "set_up")
def test_setup_mends_what_status_finds(phone: Phone, exchange: Exchange) -> None:
    (trunk,) = exchange.stock.inbound
    request = api.DeleteSIPTrunkRequest(sip_trunk_id=trunk.sip_trunk_id)
    exchange.ask(lambda livekit: livekit.sip.delete_trunk(request))
    delete_rule(exchange, "rejoinder/office/+15550101")
    assert whats(phone)
    assert phone("setup", "phone.yaml")[0] == 0
    assert whats(phone) == []


@pytest.mark.usefixtures("service", "set_up")
def test_a_rule_that_calls_another_agent_or_none_is_seen(phone: Phone, exchange: Exchange) -> None:
    (rule,) = (rule for rule in exchange.stock.rules if rule.name == "rejoinder/office")
    rule.room_config.agents[0].agent_name = "somebody"
    update_rule(exchange, rule)
    (what,) = whats(phone)
    assert "calls the agent somebody" in what
    assert "is operator" in what
    del rule.room_config.agents[:]
    update_rule(exchange, rule)
    (what,) = whats(phone)
    assert "calls no agent" in what


@pytest.mark.usefixtures("service", "set_up")
def test_a_rule_of_somebody_elses_may_call_their_agent(phone: Phone, exchange: Exchange) -> None:
    theirs = api.SIPDispatchRuleInfo(
        name="theirs",
        rule=api.SIPDispatchRule(
            dispatch_rule_direct=api.SIPDispatchRuleDirect(room_name="lobby", pin="1234")
        ),
        room_config=api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name="robot")]),
    )
    request = api.CreateSIPDispatchRuleRequest(dispatch_rule=theirs)
    exchange.ask(lambda livekit: livekit.sip.create_dispatch_rule(request))
    assert whats(phone) == []


@pytest.mark.usefixtures("service", "set_up")
def test_a_persona_that_there_is_not_is_seen(
    phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "personas"
    folder.mkdir()
    (folder / "mentor.yaml").write_text("title: Mentor\ninstructions: Be kind.\n")
    monkeypatch.setenv("PERSONAS", str(folder))
    (what,) = whats(phone)
    assert "names the persona receptionist, which there is not" in what


@pytest.mark.usefixtures("service")
def test_a_number_in_two_trunks_is_seen(phone: Phone, exchange: Exchange) -> None:
    for name, number in (("one", "+15550100"), ("two", "+15550109")):
        request = api.CreateSIPInboundTrunkRequest(
            trunk=api.SIPInboundTrunkInfo(name=name, numbers=[number])
        )
        exchange.ask(lambda livekit, r=request: livekit.sip.create_inbound_trunk(r))
    # LiveKit's API refuses the second one; an older server, or two at the same moment, have let it.
    two = next(trunk for trunk in exchange.stock.inbound if trunk.name == "two")
    two.numbers[:] = ["15550100"]
    exchange.put("sip_inbound_trunk", two.sip_trunk_id, two.SerializeToString())
    found = whats(phone)
    assert any("+15550100 belongs to two trunks, one" in what for what in found) or any(
        "+15550100 belongs to two trunks, two" in what for what in found
    )


@pytest.mark.usefixtures("service", "set_up")
def test_calls_are_counted_and_a_caller_without_an_agent_is_seen(
    phone: Phone, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = exchange.background.run(telephone(exchange, "phone_1"))
    try:
        found = told(phone)
        assert found["calls"] == {"live": 1, "unanswered": 0}
        assert found["faults"] == []
        monkeypatch.setattr("rejoinder.phone.watch.PATIENCE_S", -1.0)
        assert any("on the line" in what for what in whats(phone))
    finally:
        exchange.background.run(room.disconnect())


async def telephone(exchange: Exchange, name: str) -> rtc.Room:
    room = rtc.Room()
    token = exchange.livekit.token(name, "sip_caller", phone=True)
    await room.connect(exchange.livekit.url, token)
    return room


@pytest.fixture
def health_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A worker's, which tells the dictionary."""
    page: dict[str, Any] = {"sdk_version": "1.8.9", "agent_name": "operator"}

    async def worker(_: web.Request) -> web.Response:
        return web.json_response(page)

    async def serve() -> tuple[web.AppRunner, int]:
        app = web.Application()
        app.router.add_get("/worker", worker)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, runner.addresses[0][1]

    background = Background()
    runner, port = background.run(serve())
    monkeypatch.setenv("AGENT_HEALTH_PORT", str(port))
    yield page
    background.run(runner.cleanup())
    background.close()


@pytest.mark.usefixtures("service", "set_up")
def test_a_worker_near_by_of_another_name_is_seen(
    phone: Phone, health_page: dict[str, Any]
) -> None:
    found = told(phone)
    assert found["faults"] == []
    assert not any("health page" in note for note in found["notes"])
    health_page["agent_name"] = "clerk"
    (what,) = whats(phone)
    assert "is called clerk, not operator" in what


def delete_rule(exchange: Exchange, name: str) -> None:
    (rule,) = (rule for rule in exchange.stock.rules if rule.name == name)
    request = api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id)
    exchange.ask(lambda livekit: livekit.sip.delete_dispatch_rule(request))


def update_rule(exchange: Exchange, rule: api.SIPDispatchRuleInfo) -> None:
    id_ = rule.sip_dispatch_rule_id
    exchange.ask(lambda livekit: livekit.sip.update_dispatch_rule(id_, rule))
