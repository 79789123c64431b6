"""`rejoinder phone call`: a real livekit-server, a worker by script, a SIP service on its bus."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from livekit import api, rtc

from agent.room_protocol import ANSWERED_BY
from testbed.sip_service import Picks, Refuses, Rings, SipService
from testbed.waiting import PATIENCE_S
from tests.fakes.scripted_worker import Scene, ScriptedWorker
from tests.protocol.phone.conftest import Exchange

Phone = Callable[..., tuple[int, str, str]]

ROOT = Path(__file__).parents[3]
THEM = "+15550199"
pytestmark = [pytest.mark.timeout(90), pytest.mark.usefixtures("trunk")]


@pytest.fixture
def trunk(exchange: Exchange) -> str:
    """Id of the only outbound trunk."""
    return make_trunk(exchange, "rejoinder/carrier", "+15550100", "+15550101")


@contextmanager
def working(exchange: Exchange, scene: Scene | None = None) -> Iterator[ScriptedWorker]:
    """A worker of the settings' name."""
    server = exchange.livekit
    stack = AsyncExitStack()
    serving = ScriptedWorker(
        server.url, server.api_key, server.api_secret, agent_name="operator", scene=scene
    ).run()
    yield exchange.background.run(stack.enter_async_context(serving))
    exchange.background.run(stack.aclose())


@pytest.fixture
def worker(exchange: Exchange) -> Iterator[ScriptedWorker]:
    with working(exchange) as worker:
        yield worker


def make_trunk(exchange: Exchange, name: str, *numbers: str) -> str:
    request = api.CreateSIPOutboundTrunkRequest(
        trunk=api.SIPOutboundTrunkInfo(name=name, address="sip.example.com", numbers=list(numbers))
    )
    made = exchange.ask(lambda livekit: livekit.sip.create_outbound_trunk(request))
    assert isinstance(made, api.SIPOutboundTrunkInfo)
    return made.sip_trunk_id


def rooms(exchange: Exchange) -> list[str]:
    found = exchange.ask(lambda livekit: livekit.room.list_rooms(api.ListRoomsRequest()))
    assert isinstance(found, api.ListRoomsResponse)
    return [room.name for room in found.rooms]


def test_who_is_called_answers_and_hangs_up(
    phone: Phone, exchange: Exchange, service: SipService, worker: ScriptedWorker
) -> None:
    service.answers[THEM] = Picks(rings_s=1.0, talks_s=1.0)
    code, said, complained = phone("call", THEM, "--persona", "mentor", "--timeout", "20")
    assert (code, complained) == (0, "")
    words = [line.split()[0] for line in said.splitlines()]
    assert words == [THEM, "dialling", "ringing", "answered", "ended"]
    (job,) = worker.offered
    assert json.loads(job.metadata) == {
        "rejoinder": {"persona": {"name": "mentor"}, "voicemail": "hangup"}
    }
    (call,) = service.called
    assert call.call_to == THEM
    assert call.number in ("+15550100", "+15550101")
    assert call.address == "sip.example.com"
    assert call.ringing_timeout.ToSeconds() == 20
    assert THEM.strip("+") not in call.participant_identity + call.room_name
    assert rooms(exchange) == []


@pytest.mark.parametrize(
    ("telephone", "code", "words"),
    [
        (Refuses(486, "Busy Here", 0.3), 3, "busy"),
        (Refuses(600, "Busy Everywhere"), 3, "busy"),
        (Refuses(480, "Temporarily Unavailable"), 4, "no answer"),
        (Rings(), 4, "no answer"),
        (Refuses(603, "Decline"), 5, "refused: 603, who was called declined"),
        (Refuses(404, "Not Found"), 5, "refused: 404, there is no such number"),
        (Refuses(499, "Strange"), 5, "refused: 499, Strange"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("worker")
def test_a_call_that_nobody_takes_has_its_own_code_and_leaves_no_room(
    phone: Phone,
    exchange: Exchange,
    service: SipService,
    telephone: Refuses | Rings,
    code: int,
    words: str,
) -> None:
    service.answers[THEM] = telephone
    ended, said, complained = phone("call", THEM, "--timeout", "2")
    assert (ended, complained) == (code, "")
    assert said.splitlines()[-1] == words
    assert rooms(exchange) == []


def test_nobody_is_called_without_an_agent(
    phone: Phone, exchange: Exchange, service: SipService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rejoinder.phone.outgoing.AGENT_S", 1.0)
    code, said, _ = phone("call", THEM)
    assert code == 6
    assert "no agent has come" in said
    assert service.called == []
    assert rooms(exchange) == []


@pytest.mark.usefixtures("worker")
def test_a_missing_sip_service_is_told(phone: Phone, exchange: Exchange) -> None:
    code, _, complained = phone("call", THEM)
    assert code == 2
    assert "no SIP service is connected" in complained
    assert rooms(exchange) == []


def test_a_detached_call_goes_on_without_the_command(
    phone: Phone, exchange: Exchange, service: SipService, worker: ScriptedWorker
) -> None:
    code, said, _ = phone("call", THEM, "--detach", "--from", "+15550101")
    assert code == 0
    assert said.splitlines()[-1].startswith("answered")
    assert service.called[0].number == "+15550101"
    assert rooms(exchange) == [service.called[0].room_name]


def test_a_voicemail_has_a_code_of_its_own(
    phone: Phone, exchange: Exchange, service: SipService
) -> None:
    async def finds_a_voicemail(room: rtc.Room) -> None:
        await room.local_participant.set_attributes({ANSWERED_BY: "voicemail"})

    service.answers[THEM] = Picks(talks_s=2.0)
    with working(exchange, finds_a_voicemail):
        code, said, complained = phone("call", THEM)
    assert (code, complained) == (7, "")
    assert [line.split()[0] for line in said.splitlines()][-3:] == ["answered", "a", "ended"]


def test_ctrl_c_hangs_up(exchange: Exchange, service: SipService, worker: ScriptedWorker) -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "rejoinder", "phone", "call", THEM],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        # Of a job in the background, as these tests may be, Ctrl-C is ignored.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert command.stdout is not None
        while not command.stdout.readline().startswith("answered"):
            assert command.poll() is None
        assert len(rooms(exchange)) == 1
        command.send_signal(signal.SIGINT)
        assert command.wait(PATIENCE_S) == 130
        assert rooms(exchange) == []
    finally:
        command.kill()
        command.communicate()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], {"rejoinder": {"voicemail": "hangup"}}),
        (["--wait"], {"rejoinder": {"persona": {"greeting": ""}, "voicemail": "hangup"}}),
        (
            ["--greet", "It is time.", "--persona", "mentor", "--voicemail", "talk"],
            {
                "rejoinder": {
                    "persona": {"name": "mentor", "greeting": "It is time."},
                    "voicemail": "talk",
                }
            },
        ),
        (
            ["--wait", "--metadata", '{"order": 7, "rejoinder": {"persona": "mentor"}}'],
            {
                "order": 7,
                "rejoinder": {
                    "persona": {"name": "mentor", "greeting": ""},
                    "voicemail": "hangup",
                },
            },
        ),
        (
            ["--voicemail", "leave", "--message", "It is here.", "--metadata", '{"order": 7}'],
            {"order": 7, "rejoinder": {"voicemail": {"leave": "It is here."}}},
        ),
        (
            ["--metadata", '{"rejoinder": {"voicemail": "talk"}}'],
            {"rejoinder": {"voicemail": "talk"}},
        ),
        (["--metadata", '"order 7"'], "order 7"),
    ],
    ids=str,
)
def test_the_agent_is_told_what_it_is_called_for(
    phone: Phone, service: SipService, worker: ScriptedWorker, words: list[str], told: object
) -> None:
    service.answers[THEM] = Refuses(486)
    assert phone("call", THEM, *words)[0] == 3
    assert json.loads(worker.offered[0].metadata) == told


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["030123456"], "should be a number with its country"),
        ([THEM, "--persona", "nobody"], "there is no persona of this name; known: career-adviser"),
        ([THEM, "--metadata", "hello", "--wait"], "--metadata should be a JSON object"),
        ([THEM, "--metadata", '{"rejoinder": {"speed": 2}}'], "a field that there is not"),
        ([THEM, "--voicemail", "leave"], "needs --message TEXT"),
        ([THEM, "--message", "Hello."], "needs --message TEXT"),
        ([THEM, "--timeout", "600"], "--timeout is 1 to 75 seconds"),
        ([THEM, "--from", "+15550111"], "fits 0 outbound trunks; there are rejoinder/carrier"),
    ],
    ids=str,
)
def test_what_cannot_be_called_for_is_refused(
    phone: Phone, service: SipService, words: list[str], complaint: str
) -> None:
    code, _, complained = phone("call", *words)
    assert code == 2
    assert complaint in complained
    assert service.called == []


def test_one_of_several_trunks_is_named(
    phone: Phone, exchange: Exchange, service: SipService, worker: ScriptedWorker, trunk: str
) -> None:
    make_trunk(exchange, "rejoinder/other", "+15550300")
    code, _, complained = phone("call", THEM)
    assert code == 2
    assert "which trunk?" in complained
    assert "rejoinder/other: +15550300" in complained
    service.answers[THEM] = Refuses(486)
    for named in ("other", "rejoinder/other", "+15550300"):
        assert phone("call", THEM, "--from", named)[0] == 3
        assert service.called[-1].number == "+15550300"
    assert phone("call", THEM, "--from", trunk)[0] == 3
    assert service.called[-1].number != "+15550300"
