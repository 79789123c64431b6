"""The real livekit-server under our configuration, and the keys and ports it gets."""

import asyncio
import json
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from livekit import api, rtc

from agent.errors import RejoinderError, StartupError
from rejoinder.demo.children import Spec, Supervisor
from rejoinder.demo.livekit_api import list_rooms
from rejoinder.demo.livekit_config import (
    Keys,
    load_or_create_keys,
    server_config,
    server_environment,
)
from rejoinder.demo.ports import PortClaims, PortPicker
from rejoinder.demo.readiness import http_ok
from testbed.livekit_process import livekit_binary
from tests.fakes.processes import sockets_next_to

KEYS = Keys("APItest", "0123456789abcdef0123456789abcdef0123456789")


class Server:
    """A livekit-server that the demo's own code started."""

    def __init__(self, port: int, metrics_port: int, log: Path) -> None:
        self.url = f"ws://127.0.0.1:{port}"
        self.metrics_url = f"http://127.0.0.1:{metrics_port}/metrics"
        self.ports = {port, metrics_port}
        self.log = log

    def token(self, identity: str) -> str:
        grants = api.VideoGrants(room_join=True, room="r")
        signed = api.AccessToken(KEYS.api_key, KEYS.api_secret)
        return signed.with_identity(identity).with_grants(grants).to_jwt()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    with PortPicker() as free:
        port, media, metrics = free.tcp(), free.udp(), free.tcp()
    config = server_config(KEYS, port=port, media_port=media, metrics_port=metrics)
    async with Supervisor(tmp_path) as supervisor:
        # A person's own variables must not win over the configuration.
        environ = dict(os.environ) | {"LIVEKIT_KEYS": "other: " + "x" * 32, "UDP_PORT": "1"}
        await supervisor.start(
            Spec(
                "livekit-server",
                (livekit_binary(),),
                server_environment(config, environ),
                http_ok(f"http://127.0.0.1:{port}/"),
            )
        )
        yield Server(port, metrics, tmp_path / "livekit-server.log")


async def test_the_server_takes_our_configuration_and_our_keys(server: Server) -> None:
    assert await list_rooms(server.url, *_pair(KEYS)) == f"{server.url} takes the key, 0 rooms now"
    async with aiohttp.ClientSession() as http, http.get(server.metrics_url) as answer:
        assert "livekit_" in await answer.text()


async def test_another_key_is_refused_and_the_error_says_what_to_check(server: Server) -> None:
    with pytest.raises(RejoinderError, match=r"refuses: .*; check LIVEKIT_API_KEY and"):
        await list_rooms(server.url, KEYS.api_key, "another-secret-another-secret-another")


async def test_a_server_that_is_not_there_is_said_to_be_unreachable() -> None:
    with PortPicker() as free:
        url = f"ws://127.0.0.1:{free.tcp()}"
        with pytest.raises(RejoinderError, match=r"cannot be reached .*; check LIVEKIT_URL"):
            await list_rooms(url, *_pair(KEYS))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_every_socket_of_the_server_is_on_loopback(server: Server) -> None:
    sockets = await asyncio.to_thread(sockets_next_to, min(server.ports))
    assert server.ports <= {port for _, port in sockets}
    assert {address for address, _ in sockets} == {"127.0.0.1"}


async def test_two_clients_hear_each_other_and_no_public_address_is_named(server: Server) -> None:
    speaker, listener = rtc.Room(), rtc.Room()
    subscribed: asyncio.Future[rtc.Track] = asyncio.get_running_loop().create_future()
    listener.on("track_subscribed", lambda track, *_: subscribed.set_result(track))
    try:
        await speaker.connect(server.url, server.token("speaker"))
        await listener.connect(server.url, server.token("listener"))
        source = rtc.AudioSource(48000, 1)
        track = rtc.LocalAudioTrack.create_audio_track("voice", source)
        await speaker.local_participant.publish_track(track)
        heard = rtc.AudioStream(await asyncio.wait_for(subscribed, 8))
        try:
            async with asyncio.timeout(8), asyncio.TaskGroup() as group:
                speaking = group.create_task(_speak(source))
                async for event in heard:
                    if np.abs(np.frombuffer(event.frame.data, np.int16)).max() > 1000:
                        break
                speaking.cancel()
        finally:
            await heard.aclose()
            await source.aclose()
    finally:
        await speaker.disconnect()
        await listener.disconnect()
    log = server.log.read_text()
    assert "stun.l.google.com" not in log
    assert "twilio" not in log


async def _speak(source: rtc.AudioSource) -> None:
    tone = (np.sin(np.arange(480) / 10) * 8000).astype(np.int16)
    while True:
        await source.capture_frame(rtc.AudioFrame(tone.tobytes(), 48000, 1, 480))


def _pair(keys: Keys) -> tuple[str, str]:
    return keys.api_key, keys.api_secret


async def test_keys_are_made_once_strong_and_for_this_user_only(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with asyncio.TaskGroup() as group:
        made = [group.create_task(asyncio.to_thread(load_or_create_keys, state)) for _ in range(8)]
    keys = await asyncio.to_thread(load_or_create_keys, state)
    assert {task.result() for task in made} == {keys}
    assert len(keys.api_secret) >= 32
    assert keys.api_secret not in repr(keys)
    (file,) = state.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["api_secret"] == keys.api_secret
    assert await asyncio.to_thread(load_or_create_keys, tmp_path / "other") != keys


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    load_or_create_keys(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_text("{}")
    with pytest.raises(StartupError, match=r"livekit-keys\.json cannot be used \(KeyError\)"):
        load_or_create_keys(tmp_path)


def test_a_preferred_port_is_taken_when_free_and_its_neighbour_otherwise() -> None:
    with PortPicker() as free:
        wanted = free.tcp()
    with PortPicker() as free:
        assert free.tcp(wanted) == wanted
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", wanted))
        other.listen()
        with PortPicker() as free:
            got = free.tcp(wanted)
            assert got != wanted
            assert got in range(wanted + 1, wanted + 20) or wanted > 65515


def test_a_port_that_lingers_after_its_server_ended_is_free() -> None:
    with PortPicker() as free:
        port = free.tcp()
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            accepted.close()  # this side closes first, so it goes to TIME_WAIT
    with PortPicker() as free:
        assert free.tcp(port) == port


def test_two_demos_that_start_at_once_never_choose_the_same_preferred_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with PortPicker() as free:
        wanted = free.tcp()
    with PortClaims() as first:
        with PortPicker(first) as free:
            assert free.tcp(wanted) == wanted
        with PortClaims() as second, PortPicker(second) as free:
            assert free.tcp(wanted) != wanted, "chosen already, though nobody listens yet"
    with PortClaims() as later, PortPicker(later) as free:
        assert free.tcp(wanted) == wanted


def test_one_picker_never_gives_the_same_port_twice() -> None:
    with PortPicker() as free:
        preferred = free.tcp()
        ports = [
            preferred,
            *(free.tcp(preferred) for _ in range(5)),
            *(free.tcp() for _ in range(14)),
        ]
    assert len(set(ports)) == 20
