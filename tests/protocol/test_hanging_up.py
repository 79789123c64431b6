"""Goodbye by telephone: the embedded handbook says it too, and hangs up."""

import asyncio

import pytest

from agent.call.parts import Parts, load_parts
from agent.call.written import WrittenCall
from agent.call.written_room import WrittenCaller
from agent.settings.load import Settings, load_from

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize(
    ("telephone", "persona", "ends"),
    [(True, "", True), (True, "guide", True), (False, "", False), (False, "guide", True)],
)
@pytest.mark.parametrize(
    ("goodbye", "answer"), [("Thanks, goodbye!", "Goodbye!"), ("再见。", "再见！")]
)
async def test_the_handbook_ends_a_call_after_its_own_goodbye(
    telephone: bool, persona: str, ends: bool, goodbye: str, answer: str
) -> None:
    def prepared() -> tuple[Settings, Parts]:
        settings = load_from({"PERSONAS_DEFAULT": persona, "LLM_ENGINE": "handbook"})
        return settings, load_parts(settings)

    settings, parts = await asyncio.to_thread(prepared)
    try:
        async with WrittenCall(settings, parts, caller=WrittenCaller(telephone=telephone)) as call:
            heard = await call.say(goodbye)
            assert heard.text == answer
            assert heard.over is ends
    finally:
        await parts.aclose()
