"""Nobody takes another's identity, room or ticket through the token endpoint."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from livekit import api

from tests.attacks.web_process import API_KEY, API_SECRET, WebProcess, web_process
from tests.fakes.node_program import client_library


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    """Behind a proxy that names the user; rooms are shared, so that two can meet."""
    client_library()
    with web_process(
        tmp_path_factory.mktemp("web"), TALK_TRUSTED_HEADER="X-User", TALK_SHARED_ROOMS="true"
    ) as server:
        yield server


def seat(web: WebProcess, body: dict[str, Any], **headers: str) -> tuple[str, str, str]:
    """Room, identity and resume ticket of a token that was handed out."""
    status, ticket = web.post("/api/token", body, **headers)
    assert status == 201, ticket
    claims = jwt.decode(ticket["participant_token"], API_SECRET, algorithms=["HS256"])
    assert (claims["video"]["room"], claims["sub"]) == (
        ticket["room_name"],
        ticket["participant_identity"],
    )
    return ticket["room_name"], ticket["participant_identity"], ticket["resume"]


def test_a_known_room_and_identity_are_not_given_to_somebody_else(web: WebProcess) -> None:
    room, identity, _ = seat(web, {"room_name": "desk", "participant_identity": "ann"})
    taken = {room, identity}
    for body in (
        {"room_name": room, "participant_identity": identity},
        {"room_name": "desk", "participant_identity": "ann"},
        {"room_name": "desk"},
        {"room_name": room, "participant_identity": identity, "resume": ""},
        {"room_name": room, "participant_identity": identity, "resume": "a.b.c"},
    ):
        other_room, other_identity, _ = seat(web, body)
        assert not taken & {other_room, other_identity}
        taken |= {other_room, other_identity}


@pytest.mark.parametrize(
    "identity", ["agent-AJ_x", "AGENT-x", "agent-", "sip_+4930", "EG_x", "rejoinder"]
)
def test_an_agent_s_or_a_service_s_identity_is_refused(web: WebProcess, identity: str) -> None:
    status, said = web.post("/api/token", {"participant_identity": identity})
    assert status == 400
    assert "participant_identity" in said["error"]


def test_the_holder_of_a_ticket_gets_the_same_room_and_identity_back(web: WebProcess) -> None:
    for body in ({}, {"room_name": "r"}, {"room_name": "客厅", "participant_identity": "a/b"}):
        room, identity, ticket = seat(web, body)
        assert seat(web, {"resume": ticket})[:2] == (room, identity)
        again = seat(web, body | {"resume": ticket})
        assert again[:2] == (room, identity)
        assert seat(web, {"room_name": room, "resume": again[2]})[:2] == (room, identity)
        status, said = web.post("/api/token", {"room_name": "elsewhere", "resume": ticket})
        assert (status, said["error"]) == (403, "room_name: the resume ticket is for another")


def test_a_ticket_that_was_made_up_changed_or_is_a_token_opens_nothing(web: WebProcess) -> None:
    room, identity, ticket = seat(web, {})
    head, claims, signature = ticket.split(".")
    decoded = jwt.decode(ticket, options={"verify_signature": False})
    token = api.AccessToken(API_KEY, API_SECRET).with_identity(identity)
    for forged in (
        jwt.encode(decoded, API_SECRET, algorithm="HS256"),
        jwt.encode(decoded, "", algorithm="none"),
        token.with_grants(api.VideoGrants(room=room)).to_jwt(),
        f"{head}.{claims}.",
        f"{head}.{claims[::-1]}.{signature}",
        "x" * 4096,
    ):
        given = seat(web, {"resume": forged})
        assert not {room, identity} & set(given[:2])
    assert web.post("/api/token", {"resume": "x" * 4097})[0] == 400
    assert web.post("/api/token", {"resume": {"room": room}})[0] == 400
    with pytest.raises(jwt.InvalidTokenError):
        api.TokenVerifier(API_KEY, API_SECRET).verify(ticket)


def test_who_may_be_remembered_is_the_same_in_another_room_and_nobody_else_is(
    web: WebProcess, signed_in: WebProcess
) -> None:
    _, first = web.post("/api/token", {})
    known, resume = first["known"], first["resume"]
    _, again = web.post("/api/token", {"known": known})
    assert again["participant_identity"] == first["participant_identity"]
    assert again["room_name"] != first["room_name"]
    decoded = jwt.decode(known, options={"verify_signature": False})
    for body in (
        {"known": resume},
        {"resume": known},
        {"known": f"{known}x"},
        {"known": jwt.encode(decoded, API_SECRET, algorithm="HS256")},
        {"known": known, "participant_identity": "ann"},
    ):
        _, other = web.post("/api/token", body)
        assert other["participant_identity"] != first["participant_identity"], body
    _, ann = signed_in.post("/api/token", {}, X_User="ann@example.org")
    _, bob = signed_in.post("/api/token", {"known": ann["known"]}, X_User="bob@example.org")
    assert bob["participant_identity"] != ann["participant_identity"]


def test_an_identity_is_bound_to_the_signed_in_user(signed_in: WebProcess) -> None:
    body = {"room_name": "meeting", "participant_identity": "ann"}
    room, ann, ticket = seat(signed_in, body, X_User="ann@example.org")
    assert seat(signed_in, body, X_User="ann@example.org")[:2] == (room, ann)
    assert room == "meeting"
    for attempt in (body, body | {"resume": ticket}, {"room_name": room, "resume": ticket}):
        met, bob, _ = seat(signed_in, attempt, X_User="bob@example.org")
        assert met == room, "rooms are shared"
        assert bob != ann
    other_room, bob, _ = seat(signed_in, {"resume": ticket}, X_User="bob@example.org")
    assert not {room, ann} & {other_room, bob}
    assert "example.org" not in json.dumps([ann, bob])


@pytest.mark.parametrize(
    "room", ["客厅", "a/b", "50%", "a?b#c", "..", "é" * 100, "auth0|1", "&lt;"]
)
def test_any_name_that_livekit_takes_is_taken_and_its_state_can_be_asked(
    web: WebProcess, room: str
) -> None:
    given, identity, _ = seat(web, {"room_name": room, "participant_identity": room})
    assert given.startswith(f"{room}-")
    assert identity.startswith(f"{room}-")
    assert max(len(given.encode()), len(identity.encode())) <= 256
    assert web.get(f"/api/rooms/{quote(given, safe='')}/agent") == (
        200,
        {"state": "waiting", "dispatches": 1},
    )


@pytest.mark.parametrize("name", ["x" * 129, "客" * 90, "line\nbreak", "tab\t", "bell\x07", "\x85"])
def test_any_other_name_is_refused_with_a_sentence(web: WebProcess, name: str) -> None:
    for field in ("room_name", "participant_identity"):
        status, said = web.post("/api/token", {field: name})
        assert status == 400
        assert said["error"].startswith(f"{field}: ")
        assert " should have " in said["error"]
        assert "pattern" not in said["error"]


def test_who_holds_the_key_gives_any_room_but_no_agent_s_identity(tmp_path: Path) -> None:
    def token(*names: str) -> subprocess.CompletedProcess[str]:
        key = {"LIVEKIT_API_KEY": API_KEY, "LIVEKIT_API_SECRET": API_SECRET}
        return subprocess.run(
            [sys.executable, "-m", "rejoinder", "token", *names],
            env=os.environ | key, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    given = token("--room", "客厅", "--identity", "a/b").stdout.strip()
    claims = jwt.decode(given, API_SECRET, algorithms=["HS256"])
    assert (claims["video"]["room"], claims["sub"]) == ("客厅", "a/b")
    refused = token("--room", "r", "--identity", "agent-1")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "participant_identity" in refused.stderr
