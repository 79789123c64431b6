"""How the page shows what it is sent: markup, long words, right-to-left text, broken reports."""

import pytest

from tests.browser.conftest import SetUp, in_call
from tests.browser.page_driver import PHONE, browser, open_page

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

MARKUP = "<img src=x onerror=\"document.title='hit'\"><b>bold</b> &amp; <script>1</script>"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .map((e) => `${e.tagName} ${e.className}`)"""
RIGHT_TO_LEFT = "שלום עולם, מה שלומך?"


async def test_markup_long_words_and_right_to_left_text_are_shown_as_text(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url, size=PHONE) as talk,
        in_call(s, talk) as agent,
    ):
        await agent.attributes({"rejoinder.stt": MARKUP + LONG})
        await agent.tell("source", {"title": MARKUP, "path": LONG})
        for text in (MARKUP, LONG, RIGHT_TO_LEFT):
            await agent.hear(text)
            await agent.say(text, word_s=0.01, aloud=False)
            await agent.tell("notice", {"level": "info", "text": text})
            await agent.tell("notice", {"level": "error", "text": text})
        for odd in ('{"level": "error"}', '{"text": {"a": 1}}', "[]", "7", "null", '"x"'):
            await agent.room.local_participant.send_text(odd, topic="rejoinder.notice")
            await agent.room.local_participant.send_text(odd, topic="rejoinder.turn")
            await agent.room.local_participant.send_text(odd, topic="rejoinder.source")
            await agent.room.local_participant.send_text(odd, topic="rejoinder.cost")
            await agent.room.local_participant.send_text(odd, topic="rejoinder.tool")
        await agent.tell("cost", {"engines": [7, None, {"stage": "constructor"}], "sums": MARKUP})
        engine = {"stage": "llm", "engine": MARKUP, "model": LONG, "unpriced": 1, "used": {"x": {}}}
        money = {"currency": MARKUP, "amount": 1, "thrown_away": "2"}
        await agent.tell("cost", {"engines": [engine], "sums": [money, 7], "prices_of": 7})
        await agent.say("The end.", word_s=0.01, aloud=False)
        await talk.wait_for_message("The end.")
        shown = [m.text for m in await talk.conversation()]
        assert shown == [t for t in (MARKUP, LONG, RIGHT_TO_LEFT) for _ in range(4)] + ["The end."]
        assert await talk.page.title() == "Rejoinder"
        assert await talk.page.locator(":is(#messages, #cost) :is(img, b, script)").count() == 0
        assert MARKUP in await talk.page.locator("#cost summary").inner_text()
        assert await talk.page.evaluate(TOO_WIDE) == []
        assert await talk.overflow_px() == 0
        directions = await talk.page.locator(".words, .notice").evaluate_all(
            "found => found.map((e) => [e.textContent, getComputedStyle(e).direction])"
        )
        assert {d for text, d in directions if text == RIGHT_TO_LEFT} == {"rtl"}
        assert {d for text, d in directions if text != RIGHT_TO_LEFT} == {"ltr"}
        await talk.screenshot("odd-text")
        assert talk.errors == []
