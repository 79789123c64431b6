"""The token endpoint asked by livekit-client itself, in Node.js."""

import asyncio
import json
from pathlib import Path

from livekit import rtc
from pydantic import SecretStr

from testbed.livekit_process import LiveKitProcess
from tests.fakes.node_program import client_library, node
from tests.protocol.web.conftest import Site
from tests.protocol.web.test_token_endpoint import claims

PROGRAM = Path(__file__).with_name("token_source.mjs")
WANTED = {
    "roomName": "kitchen",
    "participantName": "Ann",
    "participantIdentity": "ann",
    "participantMetadata": "m",
    "participantAttributes": {"channel": "app"},
    "agentName": "voice",
    "agentMetadata": "order 7",
}


async def test_a_token_source_of_livekit_client_is_given_a_place_in_a_real_room(
    site: Site, livekit: LiveKitProcess
) -> None:
    program, library = await asyncio.to_thread(lambda: (node(), client_library()))
    async with site(livekit, agent_name="voice", secret=SecretStr("s" * 16)) as http:
        async with http.get("health") as answer:
            endpoint = str(answer.url.with_path("/api/token"))
        arguments = (PROGRAM, library, endpoint, json.dumps(WANTED), "s" * 16)
        asking = await asyncio.create_subprocess_exec(
            program, *arguments, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asking.communicate()
        first, second, refused = json.loads(out)
        token = claims(first["participantToken"], livekit)
        assert (token["name"], token["metadata"], token["attributes"]) == (
            "Ann", "m", {"channel": "app"},
        )  # fmt: skip
        assert token["roomConfig"]["agents"] == [{"agentName": "voice", "metadata": "order 7"}]
        assert second == first, "it keeps a token for as long as that is valid"
        assert "401" in refused
        room = rtc.Room()
        await room.connect(first["serverUrl"], first["participantToken"])
        assert room.name.startswith("kitchen-")
        await room.disconnect()
