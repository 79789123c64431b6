"""What the agent remembers of a caller: switched on and off, read, corrected, deleted."""

import asyncio
from typing import Any

import pytest
from livekit import rtc
from playwright.async_api import expect

from tests.browser.conftest import SetUp, in_call
from tests.browser.page_driver import PHONE, browser, open_page
from tests.fakes.room_agent import RoomAgent

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

MARKUP = "<img src=x onerror=\"document.title='hit'\">"


class Memory:
    """What the agent has stored of its caller."""

    def __init__(self, agent: RoomAgent) -> None:
        """Let `agent` answer for it."""
        self.summary = f"A baker {MARKUP}."
        self.facts: dict[str, str] = {"1": "Has a bakery.", "2": MARKUP}
        agent.answer("get_memory", lambda wish: self.told())
        agent.answer("correct_memory", self.correct)
        agent.answer("delete_memory", self.delete)

    def told(self) -> Any:
        facts = [{"id": i, "text": t, "date": "2026-11-20"} for i, t in self.facts.items()]
        summary = {"text": self.summary, "date": None} if self.summary else None
        return {"state": "on", "facts": [*facts, None, {"text": 7}], "summary": summary}

    def correct(self, wish: dict[str, Any]) -> Any:
        if wish["text"] == "x":
            raise rtc.RpcError(422, "This is no sentence.")
        self.facts[wish["id"]] = wish["text"]
        return self.told()

    def delete(self, wish: dict[str, Any]) -> Any:
        if wish.get("all"):
            self.facts.clear()
            self.summary = ""
        else:
            del self.facts[wish["id"]]
        return self.told()


async def test_the_switch_says_what_happens_and_follows_the_agent(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url, size=PHONE) as talk,
        in_call(s, talk) as agent,
    ):
        switch = talk.page.get_by_role("switch", name="Remember me")
        assert not await switch.is_visible()
        await agent.attributes({"rejoinder.memory": "ask"})
        await expect(switch).not_to_be_checked()
        await expect(switch).to_have_accessible_description("Nothing is kept before you say yes.")
        assert await talk.overflow_px() == 0

        await switch.click()  # the agent does not know how yet
        remedy = await talk.wait_for_card("The agent's memory does not answer")
        assert remedy == "This agent cannot do that."
        await expect(switch).not_to_be_checked()
        agent.answer("set_memory", lambda wish: {"state": "on" if wish["on"] else "ask"})
        await switch.press("Space")
        await expect(switch).to_be_checked()
        await expect(switch).to_have_accessible_description(
            "What matters is kept for your next call."
        )
        await expect(talk.page.get_by_role("alert")).to_have_count(0)
        await switch.click()  # it would delete all
        assert "is deleted" in await talk.wait_for_card("Be forgotten?")
        await expect(switch).to_be_checked()
        await talk.page.get_by_role("button", name="Dismiss").click()
        assert len(agent.asked) == 1
        await switch.click()
        await talk.page.get_by_role("button", name="Forget me").click()
        await expect(switch).not_to_be_checked()
        assert [wish for _, wish in agent.asked] == [{"on": True}, {"on": False}]
        await agent.attributes({"rejoinder.memory": "on"})  # by their spoken yes
        await expect(switch).to_be_checked()
        await agent.attributes({"rejoinder.memory": "off"})
        await expect(switch).to_be_disabled()
        await agent.attributes({"rejoinder.memory": ""})
        await expect(switch).to_be_hidden()
        assert talk.errors == []


async def test_who_is_remembered_is_known_again_in_the_next_call(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url, size=PHONE) as talk,
        in_call(s, talk) as agent,
    ):
        page, kept = talk.page, "localStorage.getItem('rejoinder.known')"
        switch = page.get_by_role("switch", name="Remember me")
        await agent.attributes({"rejoinder.memory": "ask"})
        await expect(switch).not_to_be_checked()
        assert await page.evaluate(kept) is None
        await agent.attributes({"rejoinder.memory": "on"})
        await expect(switch).to_be_checked()
        ticket = await page.evaluate(kept)
        await page.get_by_role("button", name="End the call").click()
        async with page.expect_request("**/api/token") as asked:
            await page.get_by_role("button", name="Start another call").click()
        request = await asked.value
        assert request.post_data_json == {"known": ticket}
        agent = await s.desk.here.get()
        await agent.attributes({"rejoinder.memory": "ask"})  # forgotten, from elsewhere
        await expect(switch).not_to_be_checked()
        assert await page.evaluate(kept) is None


async def test_what_is_stored_is_read_corrected_and_deleted(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url, size=PHONE) as talk,
        in_call(s, talk) as agent,
    ):
        page = talk.page
        await agent.attributes({"rejoinder.memory": "on"})
        open_it = page.get_by_role("button", name="What is stored")
        dialog = page.get_by_role("dialog", name="What is stored")
        await open_it.click()
        await talk.wait_for_card("The agent's memory does not answer")
        assert not await dialog.is_visible()

        memory = Memory(agent)
        await open_it.click()
        await expect(dialog.get_by_role("listitem")).to_have_count(2)
        assert memory.summary in await dialog.inner_text()
        assert await dialog.locator("img").count() == 0
        assert await talk.overflow_px() == 0
        await talk.screenshot("memory")

        await dialog.get_by_role("button", name="Correct: Has a bakery.").click()
        field = dialog.get_by_role("textbox")
        await expect(field).to_be_focused()
        await field.fill("x")
        await page.keyboard.press("Enter")
        assert await talk.wait_for_card("The agent's memory") == "This is no sentence."
        await field.fill(" Has two bakeries. ")
        await page.keyboard.press("Enter")
        await dialog.get_by_text("Has two bakeries.", exact=True).wait_for()
        assert memory.facts["1"] == "Has two bakeries."

        await dialog.get_by_role("button", name=f"Delete: {MARKUP}").click()
        await expect(dialog.get_by_role("listitem")).to_have_count(1)
        assert list(memory.facts) == ["1"]
        await dialog.get_by_role("button", name="Delete all").click()
        assert memory.facts, "it is asked twice"
        await dialog.get_by_role("button", name="Really delete all").click()
        await dialog.get_by_text("Nothing is stored about you.").wait_for()
        assert not memory.facts
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(open_it).to_be_focused()
        assert await page.title() == "Rejoinder"

        await open_it.click()
        await expect(dialog).to_be_visible()
        async with asyncio.timeout(5):
            await agent.room.disconnect()
        await talk.wait_for_card("The agent has left")
        await expect(dialog).to_be_hidden()
        assert talk.errors == []
