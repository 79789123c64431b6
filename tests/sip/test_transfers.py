"""A caller is put through to another telephone, by REFER, or told why not."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.baresip import Handset
from testbed.speech import say
from tests.fakes.embedded_models import embedded, normal, recognised
from tests.sip.conftest import Exchange, Phone, answering

pytestmark = pytest.mark.timeout(400)

SWITCHBOARD = "+15550102"
TRUNKS = f"""
name: switchboard
inbound:
  switchboard:
    numbers: ["{SWITCHBOARD}"]
    allowed_addresses: [127.0.0.1/32]
"""
WISH = "Please put me through to the sales department."


@dataclass
class Switchboard:
    """An agent that puts everybody through to sales."""

    sales: Handset
    uri: str


@pytest.fixture
def switchboard(exchange: Exchange, phone: Phone) -> Iterator[Switchboard]:
    servers = AsyncExitStack()
    model = exchange.background.run(servers.enter_async_context(OpenAIStandIn().serve()))
    model.reply = lambda messages: {"tool": "transfer_call", "arguments": {"to": "sales"}}
    with phone(number="+15550177") as sales:
        env = embedded(exchange.models) | {
            "LLM_ENGINE": "openai",
            "LLM_URL": model.url,
            "PHONE_TRANSFER": f"sales={sales.uri}",
            "TOOLS_BUILT_IN": "transfer_call",
        }
        with answering(exchange.folder, exchange.livekit, "switchboard", TRUNKS, **env):
            yield Switchboard(sales, exchange.uri(SWITCHBOARD))
    exchange.background.run(servers.aclose())


def asks_for_sales(caller: Handset, switchboard: Switchboard) -> None:
    """Call, and ask to be put through; sales rings."""
    caller.dial(switchboard.uri)
    caller.wait("CALL_ESTABLISHED", timeout_s=30)
    caller.wait_for_silence(after_s=caller.wait_for_sound())
    caller.say(say(WISH, rate_hz=caller.rate_hz))
    switchboard.sales.wait("CALL_INCOMING", timeout_s=60)


def test_a_caller_is_put_through_or_told_why_not(
    exchange: Exchange, phone: Phone, switchboard: Switchboard
) -> None:
    sales = switchboard.sales
    with phone(number="+15550176") as caller:
        asks_for_sales(caller, switchboard)
        refused_s = caller.heard_s
        sales.hang_up()  # busy
        sales.wait("CALL_CLOSED")
        begin_s = caller.wait_for_sound(after_s=refused_s)
        told = caller.between(begin_s, caller.wait_for_silence(after_s=begin_s))
        assert "busy" in normal(recognised(exchange.models, told, rate_hz=caller.rate_hz))

        caller.say(say(WISH, rate_hz=caller.rate_hz))
        sales.wait("CALL_INCOMING", timeout_s=60)
        sales.answer()
        sales.wait("CALL_ESTABLISHED")
        caller.wait("CALL_CLOSED", timeout_s=30)  # with the agent
        # A call's microphone begins with what the telephone was last given to say.
        begin_s = sales.wait_for_sound()
        heard = sales.between(begin_s, sales.wait_for_silence(after_s=begin_s))
        assert normal(WISH) in normal(recognised(exchange.models, heard, rate_hz=sales.rate_hz))
