"""A real livekit-server on loopback: free ports, random keys, gone when the block ends."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from livekit import api

from agent.options.livekit import LiveKitOptions
from rejoinder.demo.livekit_server import Found, locate
from rejoinder.demo.places import cache_folder
from rejoinder.demo.ports import PortPicker

READY_S = 10.0
STOP_S = 5.0


@dataclass(frozen=True)
class LiveKitProcess:
    """Where a running server is and how to sign for it."""

    url: str
    """ws:// address."""
    api_key: str
    api_secret: str
    log: Path
    pid: int = 0

    def token(
        self,
        room: str,
        identity: str,
        *,
        agent: bool = False,
        phone: bool = False,
        attributes: Mapping[str, str] | None = None,
        dispatch: str = "",
        metadata: str = "",
    ) -> str:
        """Sign a join token.

        `agent` makes the participant one of kind agent, `phone` one of kind SIP; `dispatch` names
        a worker whose agent is called into the room when it is made, and told the `metadata`.
        """
        signed = api.AccessToken(self.api_key, self.api_secret).with_identity(identity)
        if agent:
            signed = signed.with_kind("agent")
        if phone:
            signed = signed.with_kind("sip")
        if attributes:
            signed = signed.with_attributes(dict(attributes))
        if dispatch:
            signed = signed.with_room_config(
                api.RoomConfiguration(
                    agents=[api.RoomAgentDispatch(agent_name=dispatch, metadata=metadata)]
                )
            )
        grants = api.VideoGrants(
            room_join=True, room=room, agent=agent or None, can_update_own_metadata=True
        )
        return signed.with_grants(grants).to_jwt()


def livekit_binary() -> str:
    """Path of livekit-server: LIVEKIT_SERVER_BIN, else PATH, else what `rejoinder setup` kept.

    Without one the test is skipped, and fails under CI; nothing is fetched. Blocks.
    """
    named = os.environ.get("LIVEKIT_SERVER_BIN")
    if named:
        if not Path(named).is_file():
            pytest.fail(f"LIVEKIT_SERVER_BIN={named} does not exist")
        return named
    # In a thread, as most callers are inside an event loop.
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(
            lambda: asyncio.run(locate(LiveKitOptions(), cache=cache_folder()))
        ).result()
    if isinstance(found, Found):
        return str(found.binary)
    tried = "; ".join(f"{attempt.source}: {attempt.reason}" for attempt in found)
    message = f"livekit-server is missing ({tried}); get it with: rejoinder setup"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@asynccontextmanager
async def run_livekit(
    binary: str, folder: Path, *, redis: str = "", like: LiveKitProcess | None = None
) -> AsyncIterator[LiveKitProcess]:
    """Start a server with its configuration and log in `folder`; end it with the block.

    `redis` is the address of one, `127.0.0.1:6379`: with it the server knows telephones, and is a
    node beside one that it is `like`: which has the same redis, and its key.

    Raises:
        RuntimeError: it did not answer within READY_S; the message has its last log lines.
    """
    with PortPicker() as free:
        port, tcp_port, udp_port = free.tcp(), free.tcp(), free.udp()
    key = like.api_key if like else f"key{secrets.token_hex(4)}"
    secret = like.api_secret if like else secrets.token_hex(32)
    config = {
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "rtc": {
            "tcp_port": tcp_port,
            "udp_port": udp_port,
            "use_external_ip": False,
            "node_ip": "127.0.0.1",
            # Without an entry here the server hands public STUN hosts to every client.
            "stun_servers": ["127.0.0.1:3478"],
            "enable_loopback_candidate": True,
            "interfaces": {"includes": ["lo"]},
        },
        "keys": {key: secret},
        "logging": {"level": "info"},
        **({"redis": {"address": redis}} if redis else {}),
    }
    config_file, log = _write(folder, config)
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            binary, "--config", str(config_file), stdout=sink, stderr=sink, start_new_session=True
        )
    try:
        await _ready(f"http://127.0.0.1:{port}/", process, log)
        yield LiveKitProcess(f"ws://127.0.0.1:{port}", key, secret, log, process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()


def _write(folder: Path, config: dict[str, object]) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    config_file = folder / "livekit.json"
    config_file.write_text(json.dumps(config))  # JSON is YAML
    return config_file, folder / "livekit-server.log"


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


async def _ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    async with aiohttp.ClientSession() as http:
        try:
            async with asyncio.timeout(READY_S):
                while process.returncode is None:
                    try:
                        async with http.get(url) as answer:
                            if answer.status == 200:
                                return
                    except aiohttp.ClientConnectionError:
                        pass
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pass
    raise RuntimeError(f"livekit-server is not ready (exit {process.returncode}):\n{_tail(log)}")
