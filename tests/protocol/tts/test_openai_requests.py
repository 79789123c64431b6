"""What the engine `openai` sends, and how it uses its connection."""

import asyncio
import json

import pytest
from livekit.agents import APIStatusError

from agent.remote.openai_errors import reason_of
from agent.tts.openai.engine import Options, build
from testbed.waiting import until
from tests.conftest import at_work
from tests.protocol.tts.conftest import EXACT, PCM, spoken
from tests.protocol.tts.contract import STALL_S, audio, same_sound
from tests.protocol.tts.raw_server import Answer, RawServer


async def test_only_fields_that_were_set_are_sent(raw: RawServer) -> None:
    raw.answer = Answer([PCM])
    await spoken(raw)
    assert raw.bodies == [
        {"model": "tts-1", "input": "one two three", "voice": "alloy", "response_format": "pcm"}
    ]
    assert "authorization" not in raw.headers[0]


async def test_everything_that_was_set_is_sent(raw: RawServer) -> None:
    raw.answer = Answer([PCM])
    await spoken(raw, model="m", voice="v", speed=1.5, instructions="whisper", api_key="k")
    sent = raw.bodies[0]
    assert (sent["model"], sent["voice"]) == ("m", "v")
    assert (sent["speed"], sent["instructions"]) == (1.5, "whisper")
    assert raw.headers[0]["authorization"] == "Bearer k"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "bad voice", "type": "x"}}, "bad voice"),
        ({"detail": {"error": "validation", "message": "bad voice"}}, "bad voice"),
        ({"detail": "Model 'x' not found"}, "Model 'x' not found"),
        (
            {"detail": [{"loc": ["body"], "msg": "bad speed", "input": "my words"}]},
            "body: bad speed",
        ),
        ({"error": "cannot say: one two three"}, "cannot say: one two three"),
        ("gone", "gone"),
        ([], "X"),
    ],
)
async def test_the_reason_of_a_refusal_is_found_in_every_dialect(
    raw: RawServer, body: object, message: str
) -> None:
    raw.answer = Answer([json.dumps(body).encode()], "application/json", status=400)
    with pytest.raises(APIStatusError) as caught:
        await spoken(raw)
    assert reason_of(caught.value) == message
    assert caught.value.message == "the speech server refuses with status 400"
    assert message not in f"{caught.value} {caught.value!r}"


async def test_one_connection_is_kept_and_opened_ahead_of_the_first_text(raw: RawServer) -> None:
    raw.answer = Answer([PCM])
    engine = build(Options(url=raw.url + "/"))
    engine.prewarm()
    engine.prewarm()
    await until(lambda: raw.paths == ["GET /v1/models"], "the warm-up")
    await until(lambda: not at_work("tts warm-up"), "its end")
    for _ in range(3):
        await audio(engine, "one two three")
    await engine.aclose()
    assert raw.connections == 1
    assert raw.paths[1:] == ["POST /v1/audio/speech"] * 3


async def test_a_warm_up_that_fails_is_silent() -> None:
    async with RawServer().serve() as server:
        url = server.url
    engine = build(Options(url=url))
    engine.prewarm()
    await asyncio.sleep(0.05)
    await engine.aclose()


async def test_a_pause_shorter_than_the_limit_is_no_stall(raw: RawServer) -> None:
    raw.answer = Answer([PCM[:4000], PCM[4000:8000], PCM[8000:]], gap_s=0.15)
    assert same_sound(await spoken(raw, stall_s=STALL_S), EXACT)
