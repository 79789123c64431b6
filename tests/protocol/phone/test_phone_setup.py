"""`rejoinder phone setup` on a real livekit-server with a real redis."""

from collections.abc import Callable
from pathlib import Path

import pytest
from livekit import api

from rejoinder.cli import main
from testbed.livekit_process import livekit_binary, run_livekit
from tests.protocol.phone.conftest import Exchange, set_to

Phone = Callable[..., tuple[int, str, str]]

OFFICE = """\
inbound:
  office:
    numbers: {"+15550100": receptionist, "+15550101": mentor, "+15550102": mentor}
    persona: guide
    allowed_addresses: [192.0.2.0/24, 198.51.100.7]
    auth_username: office
    auth_password: ${SIP_PASSWORD}
    ringing_s: 45
outbound:
  carrier:
    address: sip.example.com:5061
    transport: tls
    numbers: ["+15550100"]
    auth_username: out
    auth_password: ${SIP_PASSWORD}
"""
SECRET = "hush-4711"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIP_PASSWORD", SECRET)
    path = tmp_path / "phone.yaml"
    path.write_text(OFFICE)
    return path


def test_a_file_becomes_trunks_and_a_rule_for_each_number_with_a_persona(
    phone: Phone, exchange: Exchange, file: Path
) -> None:
    code, said, complained = phone("setup", str(file))
    assert (code, complained) == (0, "")
    assert SECRET not in said
    (trunk,) = exchange.stock.inbound
    assert (trunk.name, list(trunk.numbers)) == (
        "rejoinder/office",
        ["+15550100", "+15550101", "+15550102"],
    )
    assert list(trunk.allowed_addresses) == ["192.0.2.0/24", "198.51.100.7/32"]
    assert (trunk.auth_username, trunk.auth_password) == ("office", SECRET)
    assert trunk.ringing_timeout.seconds == 45
    (out,) = exchange.stock.outbound
    assert (out.name, out.address) == ("rejoinder/carrier", "sip.example.com:5061")
    assert out.transport == api.SIPTransport.SIP_TRANSPORT_TLS
    told = {}
    for rule in exchange.stock.rules:
        assert list(rule.trunk_ids) == [trunk.sip_trunk_id]
        (agent,) = rule.room_config.agents
        assert agent.agent_name == "operator"
        told[(rule.name, *rule.numbers)] = agent.metadata
    assert told == {
        ("rejoinder/office",): '{"rejoinder": {"persona": "guide"}}',
        ("rejoinder/office/+15550100", "+15550100"): '{"rejoinder": {"persona": "receptionist"}}',
        ("rejoinder/office/+15550101", "+15550101"): '{"rejoinder": {"persona": "mentor"}}',
        ("rejoinder/office/+15550102", "+15550102"): '{"rejoinder": {"persona": "mentor"}}',
    }


def test_a_second_run_changes_nothing_and_says_so(
    phone: Phone, exchange: Exchange, file: Path
) -> None:
    phone("setup", str(file))
    before = exchange.stock
    code, said, _ = phone("setup", str(file))
    assert code == 0
    assert "nothing to do" in said
    assert "create" not in said
    assert exchange.stock == before


def test_what_differs_is_changed_in_place(
    phone: Phone, exchange: Exchange, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone("setup", str(file))
    before = exchange.stock
    text = OFFICE.replace('"+15550101": mentor', '"+15550101": knowledge').replace("tls", "tcp")
    file.write_text(text)
    monkeypatch.setenv("SIP_PASSWORD", "other-0815")
    code, said, _ = phone("setup", str(file))
    assert code == 0
    assert "other-0815" not in said
    assert "auth_password" in said
    assert "3 done, 3 kept" in said
    stock = exchange.stock
    assert [t.sip_trunk_id for t in stock.inbound] == [t.sip_trunk_id for t in before.inbound]
    assert {r.sip_dispatch_rule_id for r in stock.rules} == {
        r.sip_dispatch_rule_id for r in before.rules
    }
    assert stock.inbound[0].auth_password == "other-0815"
    (changed,) = (rule for rule in stock.rules if rule not in before.rules)
    assert '"knowledge"' in changed.room_config.agents[0].metadata
    assert stock.outbound[0].transport == api.SIPTransport.SIP_TRANSPORT_TCP


def test_two_numbers_swap_their_personas(phone: Phone, exchange: Exchange, file: Path) -> None:
    phone("setup", str(file))
    numbers = OFFICE.replace('"+15550100": receptionist', '"+15550100": mentor')
    file.write_text(numbers.replace('"+15550101": mentor', '"+15550101": receptionist'))
    assert phone("setup", str(file))[0] == 0
    told = {tuple(r.numbers): r.room_config.agents[0].metadata for r in exchange.stock.rules}
    assert "mentor" in told[("+15550100",)]
    assert "receptionist" in told[("+15550101",)]


def test_a_number_that_loses_its_persona_loses_its_rule(
    phone: Phone, exchange: Exchange, file: Path
) -> None:
    phone("setup", str(file))
    file.write_text(OFFICE.replace(', "+15550102": mentor', ""))
    code, said, _ = phone("setup", str(file))
    assert code == 0
    assert "delete dispatch rule rejoinder/office/+15550102" in said
    assert sorted(rule.name for rule in exchange.stock.rules) == [
        "rejoinder/office",
        "rejoinder/office/+15550100",
        "rejoinder/office/+15550101",
    ]


def test_a_dry_run_shows_what_would_be_done_and_does_nothing(
    phone: Phone, exchange: Exchange, file: Path
) -> None:
    code, said, _ = phone("setup", str(file), "--dry-run")
    assert code == 1, "something would be done"
    assert "6 to do" in said
    assert said.count("create") == 6
    assert SECRET not in said
    assert exchange.stock.inbound == ()
    phone("setup", str(file))
    code, said, _ = phone("setup", str(file), "--dry-run")
    assert code == 0
    assert said.count("keep") == 6
    file.write_text(OFFICE.replace("198.51.100.7", "198.51.100.8"))
    code, said, _ = phone("setup", str(file), "--dry-run")
    assert code == 1
    assert "update" in said
    assert "allowed_addresses" in said


def test_a_trunk_with_another_name_is_the_same_trunk(
    phone: Phone, exchange: Exchange, file: Path
) -> None:
    phone("setup", str(file))
    before = exchange.stock
    file.write_text(OFFICE.replace("office:", "desk:").replace("carrier:", "wholesale:"))
    assert phone("setup", str(file))[0] == 0
    stock = exchange.stock
    assert [(t.name, t.sip_trunk_id) for t in stock.inbound] == [
        ("rejoinder/desk", before.inbound[0].sip_trunk_id)
    ]
    assert stock.outbound[0].name == "rejoinder/wholesale"
    assert len(stock.rules) == len(before.rules)
    assert {rule.name.split("/")[1] for rule in stock.rules} == {"desk"}


def test_what_the_file_no_longer_has_is_deleted_when_asked_for(
    phone: Phone, exchange: Exchange, file: Path
) -> None:
    phone("setup", str(file))
    file.write_text('inbound:\n  home:\n    numbers: ["+15550200"]\n')
    code, said, _ = phone("setup", str(file))
    assert code == 0
    assert "leave inbound trunk rejoinder/office" in said
    assert "--prune" in said
    assert len(exchange.stock.inbound) == 2
    assert phone("setup", str(file), "--prune")[0] == 0
    stock = exchange.stock
    assert [trunk.name for trunk in stock.inbound] == ["rejoinder/home"]
    assert [rule.name for rule in stock.rules] == ["rejoinder/home"]
    assert stock.outbound == ()


def test_a_number_goes_from_one_trunk_to_another(
    phone: Phone, exchange: Exchange, file: Path
) -> None:
    two = "inbound:\n  a: {{numbers: [{}]}}\n  b: {{numbers: [{}]}}\n"
    file.write_text(two.format('"+15550301"', '"+15550302", "+15550303"'))
    phone("setup", str(file))
    file.write_text(two.format('"+15550301", "+15550302"', '"+15550303"'))
    code, _, complained = phone("setup", str(file))
    assert (code, complained) == (0, "")
    held = {trunk.name: list(trunk.numbers) for trunk in exchange.stock.inbound}
    assert held == {
        "rejoinder/a": ["+15550301", "+15550302"],
        "rejoinder/b": ["+15550303"],
    }
    file.write_text(two.format('"+15550303"', '"+15550301", "+15550302"'))
    code, _, complained = phone("setup", str(file))
    assert code == 2
    assert "take numbers from each other" in complained


def others_trunk(exchange: Exchange, number: str) -> api.SIPInboundTrunkInfo:
    request = api.CreateSIPInboundTrunkRequest(
        trunk=api.SIPInboundTrunkInfo(name="theirs", numbers=[number])
    )
    made = exchange.ask(lambda livekit: livekit.sip.create_inbound_trunk(request))
    assert isinstance(made, api.SIPInboundTrunkInfo)
    return made


def test_somebody_elses_trunk_is_left_alone(phone: Phone, exchange: Exchange, file: Path) -> None:
    theirs = others_trunk(exchange, "+15550999")
    file.write_text("inbound: {}\n")
    assert phone("setup", str(file), "--prune")[0] == 0
    assert exchange.stock.inbound == (theirs,)


def test_a_number_of_somebody_elses_trunk_is_refused_before_anything_is_done(
    phone: Phone, exchange: Exchange, file: Path
) -> None:
    theirs = others_trunk(exchange, "15550101")
    code, _, complained = phone("setup", str(file))
    assert code == 2
    assert "+15550101" in complained
    assert f"theirs ({theirs.sip_trunk_id})" in complained
    assert exchange.stock.inbound == (theirs,)
    assert exchange.stock.rules == ()


def test_two_files_of_different_names_do_not_touch_each_other(
    phone: Phone, exchange: Exchange, file: Path, tmp_path: Path
) -> None:
    phone("setup", str(file))
    other = tmp_path / "other.yaml"
    other.write_text('name: staging\ninbound:\n  office:\n    numbers: ["+15550400"]\n')
    assert phone("setup", str(other), "--prune")[0] == 0
    names = sorted(trunk.name for trunk in exchange.stock.inbound)
    assert names == ["rejoinder/office", "staging/office"]


async def test_a_server_without_redis_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    import asyncio

    async with run_livekit(livekit_binary(), tmp_path / "livekit") as server:
        set_to(monkeypatch, server)
        code = await asyncio.to_thread(main, ["phone", "setup", str(file)])
    assert code == 2
    assert "has no redis" in capsys.readouterr().err


def test_mistakes_are_told_by_file_and_line(phone: Phone, exchange: Exchange, file: Path) -> None:
    file.write_text(
        """\
inbound:
  open: {}
  office:
    numbers: {"030 1234": nobody}
    allowed_addresses: [192.0.2.1/24]
  clear:
    numbers: [+15550100]
    auth_username: me
    auth_password: hunter2
outbound:
  carrier:
    address: sip:example.com
    numbers: ["+15550100"]
    auth_username: me
    auth_password: ${NOT_SET}
    trunk: 1
"""
    )
    code, _, complained = phone("setup", str(file))
    assert code == 2
    assert "hunter2" not in complained
    for line in (
        ":2: inbound.open: it would take calls from anybody",
        ":4: inbound.office.numbers.030 1234: should be a number",
        ":4: inbound.office.numbers.030 1234: there is no persona of this name; known: career",
        ":5: inbound.office.allowed_addresses.0: should be an address or a network",
        ":7: inbound.clear.numbers.15550100 should be a text; a number is one in quotes",
        ":9: inbound.clear.auth_password: should be ${NAME}",
        ":12: outbound.carrier.address: should be a host",
        ":15: outbound.carrier.auth_password: NOT_SET is not set",
        ":16: outbound.carrier.trunk is not known",
    ):
        assert f"{file}{line}" in complained
    file.write_text('inbound:\n  a: {numbers: ["+15550100"]}\n  b: {numbers: ["+15550100"]}\n')
    _, _, complained = phone("setup", str(file))
    assert f"{file}:1: inbound: a and b both take +15550100" in complained
    file.write_text("inbound: [\n")
    assert phone("setup", str(file))[2].startswith(f"rejoinder phone: {file}:2:")
    assert "cannot be read" in phone("setup", "nowhere.yaml")[2]
