"""The example of a phone file, and what `rejoinder phone` makes of trunks that a server has."""

import re
from pathlib import Path

from livekit import api

from agent.personas.chosen import SHIPPED
from agent.personas.shelf import read_shelf
from rejoinder.phone.condition import answers, faults, open_to_all
from rejoinder.phone.inventory import Inventory
from rejoinder.phone.phone_file import read_phone_file
from rejoinder.phone.plan import shared_numbers

EXAMPLE = Path(__file__).parents[2] / "deploy" / "sip" / "phone.yaml"
PERSONAS = frozenset(read_shelf(SHIPPED).personas)


def test_the_example_can_be_read_as_it_is() -> None:
    file = read_phone_file(EXAMPLE, variables={}, personas=PERSONAS)
    assert list(file.inbound) == ["office"]
    assert not file.outbound


def test_the_example_can_be_read_with_all_its_lines(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    everything = tmp_path / "phone.yaml"
    everything.write_text(re.sub(r"^( *)# ( *[a-z_]+:(?: .*)?)$", r"\1\2", text, flags=re.M))
    variables = {"SIP_INBOUND_PASSWORD": "in", "SIP_OUTBOUND_PASSWORD": "out"}
    file = read_phone_file(everything, variables=variables, personas=PERSONAS)
    office, carrier = file.inbound["office"], file.outbound["carrier"]
    assert office.model_fields_set == set(type(office).model_fields)
    assert carrier.model_fields_set == set(type(carrier).model_fields)
    assert "out" not in repr(carrier.auth_password)


def test_trunks_of_different_callers_may_share_a_number() -> None:
    one = api.SIPInboundTrunkInfo(numbers=["+15550100"], allowed_numbers=["+15550198"])
    other = api.SIPInboundTrunkInfo(numbers=["15550100"], allowed_numbers=["+15550199"])
    assert shared_numbers(one, other) == set()
    other.allowed_numbers.append("+1 555 0198")
    assert shared_numbers(one, other) == {"+15550100"}


def test_two_trunks_for_any_number_share_it() -> None:
    one = api.SIPInboundTrunkInfo(allowed_addresses=["192.0.2.0/24"])
    assert shared_numbers(one, one) == {""}
    assert shared_numbers(one, api.SIPInboundTrunkInfo(numbers=["+15550100"])) == set()


def test_a_rule_of_the_trunk_answers_before_a_rule_of_all() -> None:
    trunk = api.SIPInboundTrunkInfo(sip_trunk_id="ST_1", numbers=["+15550100", "+15550101"])
    every = api.SIPDispatchRuleInfo(sip_dispatch_rule_id="SDR_1", numbers=["+15550100"])
    own = api.SIPDispatchRuleInfo(sip_dispatch_rule_id="SDR_2", trunk_ids=["ST_1"])
    one = api.SIPDispatchRuleInfo(
        sip_dispatch_rule_id="SDR_3", trunk_ids=["ST_1"], numbers=["+15550101"]
    )
    there = Inventory((trunk,), (), (every, own, one))
    assert [answered.rule for answered in answers(there)] == [own, one]


def test_a_rule_for_one_number_leaves_the_others_unanswered() -> None:
    trunk = api.SIPInboundTrunkInfo(sip_trunk_id="ST_1", numbers=["+15550100", "+15550101"])
    agents = api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name="operator")])
    rule = api.SIPDispatchRuleInfo(trunk_ids=["ST_1"], numbers=["+15550100"], room_config=agents)
    there = Inventory((trunk,), (), (rule,))
    found = faults(there, agent_name="operator", personas=(), owner="rejoinder")
    (what,) = (fault.what for fault in found)
    assert what.startswith("+15550101 (without a name (ST_1)) has no dispatch rule")


def test_a_rule_tells_an_agent_what_it_does_not_understand() -> None:
    agent = api.RoomAgentDispatch(agent_name="a", metadata='{"rejoinder": {"speed": 2}}')
    rule = api.SIPDispatchRuleInfo(room_config=api.RoomConfiguration(agents=[agent]))
    there = Inventory((), (), (rule,))
    (fault,) = faults(there, agent_name="a", personas=(), owner="rejoinder")
    assert "does not understand" in fault.what


def test_a_trunk_is_open_without_addresses_and_password() -> None:
    trunk = api.SIPInboundTrunkInfo(numbers=["+15550100"])
    assert list(open_to_all(Inventory((trunk,)))) == [trunk]
    trunk.auth_username = "office"
    assert not list(open_to_all(Inventory((trunk,))))
