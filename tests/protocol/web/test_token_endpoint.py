"""POST /api/token: the standard body, checked; tokens that allow a call and nothing else."""

import asyncio
import json
import logging
import re
import time
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from livekit import api, rtc

from testbed.livekit_process import LiveKitProcess
from tests.protocol.web.conftest import Site


def claims(token: str, server: LiveKitProcess) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token, server.api_secret, algorithms=["HS256"])
    return decoded


async def test_a_token_joins_a_real_room_publishes_a_microphone_and_types(
    site: Site, livekit: LiveKitProcess
) -> None:
    async with site(livekit) as http:
        names = {"room_name": "客厅 a/b?50%", "participant_identity": "auth0|1"}
        async with http.post("api/token", json={"participant_name": "Ann"} | names) as answer:
            assert answer.status == 201
            ticket = await answer.json()
        assert set(ticket) == {
            "server_url", "participant_token", "room_name", "participant_identity", "resume",
            "known",
        }  # fmt: skip
        room = rtc.Room()
        await room.connect(ticket["server_url"], ticket["participant_token"])
        try:
            me = room.local_participant
            assert (me.name, me.identity) == ("Ann", ticket["participant_identity"])
            assert room.name == ticket["room_name"]
            async with http.get(f"api/rooms/{quote(room.name, safe='')}/agent") as answer:
                assert answer.status == 200
            source = rtc.AudioSource(48000, 1)
            track = rtc.LocalAudioTrack.create_audio_track("mic", source)
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            await me.publish_track(track, options)
            await me.send_text("hello", topic="lk.chat")
            assert len(me.track_publications) == 1
        finally:
            await room.disconnect()


async def test_a_real_server_refuses_a_camera_and_attributes_with_this_token(
    site: Site, livekit: LiveKitProcess
) -> None:
    async with site(livekit) as http:
        async with http.post("api/token", json={}) as answer:
            ticket = await answer.json()
        room = rtc.Room()
        await room.connect(ticket["server_url"], ticket["participant_token"])
        try:
            await room.local_participant.set_attributes({"lk.agent.state": "speaking"})
            async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as lkapi:
                there = await lkapi.room.list_participants(
                    api.ListParticipantsRequest(room=room.name)
                )
            assert [dict(p.attributes) for p in there.participants] == [{}]
            camera = rtc.LocalVideoTrack.create_video_track("camera", rtc.VideoSource(64, 64))
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA)
            with pytest.raises((rtc.participant.PublishTrackError, TimeoutError)):
                async with asyncio.timeout(1.0):
                    await room.local_participant.publish_track(camera, options)
        finally:
            await room.disconnect()


async def test_the_grants_are_the_least_that_a_call_needs(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    async with (
        site(no_livekit, token_ttl_s=45) as http,
        http.post("api/token", json={"room_name": "r 1"}) as answer,
    ):
        ticket = await answer.json()
    token = claims(ticket["participant_token"], no_livekit)
    assert token["video"] == {
        "roomJoin": True,
        "room": ticket["room_name"],
        "canPublish": True,
        "canPublishSources": ["microphone"],
        "canPublishData": True,
        "canSubscribe": True,
        "canUpdateOwnMetadata": False,
    }
    assert token["exp"] - time.time() == pytest.approx(45, abs=3)
    assert not {"sip", "roomConfig", "kind", "metadata", "attributes"} & set(token)


async def test_every_empty_request_gets_a_room_and_an_identity_of_its_own(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    bodies: list[bytes] = [b"", b"{}", b'{"room_name": "", "participant_identity": ""}']
    seen = set()
    async with site(no_livekit) as http:
        for body in bodies:
            headers = {"Content-Type": "application/json"}
            async with http.post("api/token", data=body, headers=headers) as answer:
                assert answer.status == 201
                token = claims((await answer.json())["participant_token"], no_livekit)
                seen |= {token["video"]["room"], token["sub"]}
    assert len(seen) == 6


async def test_the_whole_standard_body_is_honoured(site: Site, no_livekit: LiveKitProcess) -> None:
    body = {
        "room_name": "room-1",
        "participant_name": "Zoë 王",
        "participant_identity": "zoe@example.org",
        "participant_metadata": '{"a":\n1}',
        "participant_attributes": {"channel": "web"},
        "room_config": {"agents": [{"agent_name": "voice", "metadata": "m", "deployment": ""}]},
        "something_newer": {"is": "ignored"},
    }
    async with (
        site(no_livekit, agent_name="voice", public_url="https://lk.example.org") as http,
        http.post("api/token", json=body) as answer,
    ):
        assert answer.status == 201
        ticket = await answer.json()
    token = claims(ticket["participant_token"], no_livekit)
    assert ticket["server_url"] == "wss://lk.example.org"
    assert re.fullmatch("room-1-[0-9a-f]{24}", token["video"]["room"])
    assert re.fullmatch("zoe@example.org-[0-9a-f]{24}", token["sub"])
    assert token["name"] == "Zoë 王"
    assert token["metadata"] == '{"a":\n1}'
    assert token["attributes"] == {"channel": "web"}
    assert token["roomConfig"]["agents"] == [{"agentName": "voice", "metadata": "m"}]
    assert token["roomConfig"]["departureTimeout"] > 30, "a lost caller finds the room again"


async def test_a_configured_agent_is_dispatched_though_the_client_names_none(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    async with (
        site(no_livekit, agent_name="voice") as http,
        http.post("api/token", json={}) as answer,
    ):
        token = claims((await answer.json())["participant_token"], no_livekit)
    assert token["roomConfig"]["agents"] == [{"agentName": "voice"}]


def asking(**asked: Any) -> dict[str, Any]:
    """A request with something for the job."""
    return {"room_config": {"agents": [{"metadata": json.dumps({"rejoinder": asked})}]}}


async def test_a_client_may_ask_of_its_call_what_the_operator_allows(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    body = asking(persona={"voice": "nova", "greeting": "Hi."})
    async with site(no_livekit, job_fields="voice, greeting") as http:
        async with http.post("api/token", json=body) as answer:
            assert answer.status == 201
            token = claims((await answer.json())["participant_token"], no_livekit)
            assert json.loads(token["roomConfig"]["agents"][0]["metadata"]) == {
                "rejoinder": {"persona": {"voice": "nova", "greeting": "Hi."}}
            }
        body = asking(kind="call", persona={"voice": "nova", "instructions": "Obey."})
        async with http.post("api/token", json=body) as answer:
            assert answer.status == 400
            reason = "room_config.agents.0.metadata: instructions, kind may not be set"
            assert (await answer.json())["error"] == reason


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "the body"),
        ("text", "the body"),
        (5, "the body"),
        ({"room_name": 7}, "room_name"),
        ({"room_name": "x" * 129}, "room_name"),
        ({"room_name": "line\nbreak"}, "room_name"),
        ({"room_name": "trailing\n"}, "room_name"),
        ({"participant_identity": ["a"]}, "participant_identity"),
        ({"participant_identity": "agent-1"}, "participant_identity"),
        ({"participant_name": "x" * 129}, "participant_name"),
        ({"participant_name": "bell\x07"}, "participant_name"),
        ({"participant_name": "\ud800"}, "participant_name"),
        ({"participant_metadata": {"a": 1}}, "participant_metadata"),
        ({"participant_metadata": "x" * 2049}, "participant_metadata"),
        ({"participant_attributes": {"a": 1}}, "participant_attributes.a"),
        ({"participant_attributes": {"a": "x" * 513}}, "participant_attributes.a"),
        ({"participant_attributes": {"bad key": "v"}}, "participant_attributes"),
        ({"participant_attributes": {f"k{n}": "v" for n in range(17)}}, "participant_attributes"),
        ({"participant_attributes": {"sip.phoneNumber": "1"}}, "sip.phoneNumber may not be set"),
        ({"participant_attributes": {"lk.agent.state": "idle"}}, "may not be set"),
        ({"room_config": {"empty_timeout": 9}}, "room_config.empty_timeout: may not be set"),
        ({"room_config": {"egress": {}}}, "room_config.egress: may not be set"),
        ({"room_config": {"agents": [{}, {}]}}, "room_config.agents"),
        ({"room_config": {"agents": [{"agent_name": "spy"}]}}, "serves another agent"),
        ({"room_config": {"agents": [{"deployment": "x"}]}}, "deployment"),
        ({"room_config": {"agents": [{"attributes": {}}]}}, "attributes: may not be set"),
        ({"room_config": {"agents": [{"metadata": 1}]}}, "metadata"),
        (asking(persona={"instructions": "Obey."}), "instructions may not be set"),
        (asking(persona={"voice": "nova", "greeting": ""}), "greeting, voice may not be set"),
        (asking(kind="spy"), "no such kind of job"),
        (asking(persona={"voice": 7}), "rejoinder.persona.voice: Input should be a valid string"),
        ({"room_config": {"agents": [{"metadata": '{"rejoinder": {}'}]}}, "they are no JSON"),
    ],
)
async def test_a_body_that_asks_too_much_is_refused_with_a_reason(
    site: Site, no_livekit: LiveKitProcess, body: object, field: str
) -> None:
    async with (
        site(no_livekit, agent_name="voice") as http,
        http.post("api/token", json=body) as answer,
    ):
        assert answer.status == 400
        said = await answer.json()
    assert set(said) == {"error"}
    assert field in said["error"]


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 8000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/x-www-form-urlencoded", 415),
        (b" " * 17000, "application/json", 413),
    ],
)
async def test_what_is_not_a_small_json_body_is_refused(
    site: Site, no_livekit: LiveKitProcess, data: bytes, content_type: str, status: int
) -> None:
    async with site(no_livekit) as http:
        headers = {"Content-Type": content_type}
        async with http.post("api/token", data=data, headers=headers) as answer:
            assert answer.status == status
            assert (await answer.json())["error"]


async def test_another_method_is_refused_in_json(site: Site, no_livekit: LiveKitProcess) -> None:
    async with site(no_livekit) as http, http.get("api/token") as answer:
        assert answer.status == 405
        assert "POST" in answer.headers["Allow"]
        assert (await answer.json())["error"]


async def test_no_log_line_holds_a_token_a_room_or_an_identity(
    site: Site, no_livekit: LiveKitProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"room_name": "secret-room", "participant_identity": "secret-caller"}
    async with site(no_livekit) as http:
        async with http.post("api/token", json=body) as answer:
            ticket = await answer.json()
        async with http.get(f"api/rooms/{ticket['room_name']}/agent") as answer:
            assert (await answer.json())["state"] == "waiting"
        async with asyncio.timeout(5):
            while "livekit-server refused" not in caplog.text:
                await asyncio.sleep(0.02)
    lines = caplog.text + json.dumps([r.__dict__ for r in caplog.records], default=str)
    token, resume = ticket["participant_token"], ticket["resume"]
    for private in (token, resume, "secret-room", "secret-caller", no_livekit.api_secret):
        assert private not in lines
