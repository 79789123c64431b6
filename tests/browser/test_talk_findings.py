"""What an answer rests on: sources as cards, tools as quiet lines."""

import pytest

from tests.browser.conftest import SetUp, in_call
from tests.browser.page_driver import PHONE, WAIT_MS, browser, open_page

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

MARKUP = "<img src=x onerror=\"document.title='hit'\"><b>bold</b>"


async def test_sources_are_cards_and_only_web_addresses_are_links(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url, size=PHONE) as talk,
        in_call(s, talk) as agent,
    ):
        page = {"title": "Weather", "url": "https://weather.example.org/x", "extract": "Sunny."}
        file = {"title": MARKUP, "path": "a/b.md", "url": "javascript:alert(1)", "extract": MARKUP}
        await agent.tell("source", page | {"sources": [page, file]})
        await agent.say("It is sunny.", word_s=0.01, aloud=False)
        await talk.wait_for_message("It is sunny.")
        cards = talk.page.get_by_role("list", name="Sources").get_by_role("listitem")
        assert await cards.all_inner_texts() == [
            "Weather\nweather.example.org\nSunny.",
            f"{MARKUP}\na/b.md\n{MARKUP}",
        ]
        links = talk.page.locator(".sources a")
        assert await links.count() == 1
        assert await links.get_attribute("href") == page["url"]
        assert "noopener" in str(await links.get_attribute("rel"))

        many = [{"title": f"Page {n}", "path": f"{n}.md"} for n in range(3)]
        odd = [None, 7, "x", {}, {"title": {"a": 1}}, {"url": "data:text/html,x"}]
        await agent.tell("source", {"sources": [*odd, *many, {"path": "x" * 300}]})
        await agent.say("There is more.", word_s=0.01, aloud=False)
        await talk.wait_for_message("There is more.")
        await agent.tell("source", {"sources": odd})
        await agent.say("There is nothing.", word_s=0.01, aloud=False)
        await talk.wait_for_message("There is nothing.")
        folded = talk.page.locator("details.sources")
        assert not await folded.get_by_text("Page 0").is_visible()
        await folded.get_by_text("4 sources").click()
        assert await folded.get_by_text("Page 0").is_visible()
        assert [m.source.count("·") for m in await talk.conversation()] == [3, 6, 0]
        assert await talk.page.locator("#messages :is(img, script)").count() == 0
        assert await talk.page.title() == "Rejoinder"
        assert await talk.overflow_px() == 0
        assert talk.errors == []


async def test_a_tool_is_a_line_that_changes_with_its_state(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url, size=PHONE) as talk,
        in_call(s, talk) as agent,
    ):
        lines = talk.page.locator(".tool")

        async def told(name: str, state: str, words: str, **more: object) -> None:
            """The agent tells of a tool; the last line is then in these words."""
            await agent.tell("tool", {"name": name, "state": state, **more})
            await talk.page.wait_for_function(
                "(words) => [...document.querySelectorAll('.tool')].at(-1)?.textContent === words",
                arg=words,
                timeout=WAIT_MS,
            )

        given = {"query": MARKUP, "page": None, "like": ["a", 1]}
        asked = f'query: {MARKUP} · like: ["a",1]'
        await told("search_web", "running", f"Search webworking{asked}", id="1", arguments=given)
        spinning = "(sign) => getComputedStyle(sign).animationName"
        for motion, name in (("no-preference", "turn"), ("reduce", "none")):
            await talk.page.emulate_media(reduced_motion=motion)
            assert await lines.locator("i").evaluate(spinning) == name
        await told("search_web", "done", f"Search webdone in 0.8 s{asked}", id="1", took_ms=812)

        await told("mail.sendLetter", "asks", "Mail send letterneeds your yes", id="2")
        assert "Mail send letter: needs your yes" in await talk.announced()
        # After the caller's yes the model calls it anew, under another id.
        await told("mail.sendLetter", "running", "Mail send letterworking", id="3")
        await told("mail.sendLetter", "failed", "Mail send letterfailed", id="3")
        assert await lines.count() == 2

        # Without an id it is the last use of that tool that goes on.
        await told("clock", "running", "Clockworking")
        await told("clock", "done", "Clockdone")
        cut = "x: " + "y" * 157 + "…"
        await told("clock", "running", f"Clockworking{cut}", arguments={"x": "y" * 400})
        assert await lines.count() == 4
        for odd in ({"name": 7, "state": "done"}, {"name": "x", "state": "constructor"}, {}):
            await agent.tell("tool", odd)
        await agent.say("The end.", word_s=0.01, aloud=False)
        await talk.wait_for_message("The end.")
        assert await lines.count() == 4
        assert await talk.page.locator("#messages :is(img, script)").count() == 0
        assert await talk.overflow_px() == 0
        await talk.end()
        assert "stopped" in await lines.last.inner_text(), "nothing turns for ever"
        assert await talk.page.title() == "Rejoinder"
        assert talk.errors == []
