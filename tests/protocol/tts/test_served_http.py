"""Servers of voices over HTTP that are not ready, and what a warm-up spares."""

from collections.abc import AsyncIterator

import pytest
from livekit.agents import APIStatusError

from agent.tts.chattts import engine as chattts
from agent.tts.chattts.options import Options as ChatTTSOptions
from agent.tts.gpt_sovits import engine as gpt_sovits
from agent.tts.gpt_sovits.options import Options as SovitsOptions
from agent.tts.piper import engine as piper
from agent.tts.piper.options import Options as PiperOptions
from agent.tts.served.wire import HttpConnections
from rejoinder.stand_ins.pcm_server import ChatTTSStandIn, GptSovitsStandIn, PiperStandIn
from rejoinder.stand_ins.pcm_server.base import HttpVoiceStandIn
from tests.protocol.tts.contract import audio
from tests.protocol.tts.served_contract import ServedRig, bare


class HttpRig(ServedRig):
    server: HttpVoiceStandIn
    path: str
    """Where it is asked for speech."""


@pytest.fixture(params=["gpt_sovits", "chattts", "piper"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[HttpRig]:
    """Engines that must know which program or which version it is before they ask for speech."""
    servers: dict[str, tuple[HttpVoiceStandIn, str]] = {
        "gpt_sovits": (GptSovitsStandIn(program="api", own="anna.wav"), "/"),
        "chattts": (ChatTTSStandIn(), "/generate_voice"),
        "piper": (PiperStandIn(), "/synthesize"),
    }
    standin, path = servers[request.param]
    async with standin.serve() as server:
        engine = {
            "gpt_sovits": lambda: gpt_sovits.build(SovitsOptions(url=server.url)),
            "chattts": lambda: chattts.build(ChatTTSOptions(url=server.url)),
            "piper": lambda: piper.build(PiperOptions(url=server.url)),
        }[request.param]()
        rig = HttpRig(server, engine)
        rig.path = path
        yield rig
        await engine.aclose()


async def test_a_server_that_is_not_ready_is_no_other_server(rig: HttpRig) -> None:
    """A proxy says so of it; which program it is, is asked again."""
    rig.server.unready = True
    rig.engine.prewarm()
    with pytest.raises(APIStatusError) as caught:
        await audio(rig.engine, "one two")
    assert (caught.value.status_code, caught.value.retryable) == (503, True)
    rig.server.unready = False
    assert bare(await rig.words("one two")) == ["one", "two"]
    assert rig.server.asked[-1] == rig.path


async def test_after_a_warm_up_a_text_is_one_request(rig: HttpRig) -> None:
    assert isinstance(rig.engine.wire.server, HttpConnections)
    await rig.engine.wire.server.greet()
    rig.server.asked.clear()
    await audio(rig.engine, "one two")
    assert rig.server.asked == [rig.path]
