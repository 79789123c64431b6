"""LiveKit's Agents Playground, as it was built, in Chromium with a worker of ours.

It is in no package registry: `REJOINDER_PLAYGROUND` names the folder of a build (docs/clients.md).
"""

import json
import os
import secrets
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Locator, Page, expect

from rejoinder.demo.ports import PortPicker
from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from testbed.programs import running
from testbed.waiting import PATIENCE_S
from tests.browser.page_driver import browser
from tests.fakes.node_program import node
from tests.room.conftest import GREETING, Worker

FOLDER = os.environ.get("REJOINDER_PLAYGROUND", "")
HOW = "the Playground is not here; build it (docs/clients.md), REJOINDER_PLAYGROUND=FOLDER"
pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.patient,
    pytest.mark.skipif(not FOLDER, reason=HOW),
]

BEFORE_S = 10.0
"""The microphone is open before an agent is there, seconds."""
HEARD = """async () => {
  const reports = await Promise.all(window.connections.map((connection) => connection.getStats()));
  return Math.max(0, ...reports.flatMap((report) => [...report.values()])
    .filter((s) => s.type === "inbound-rtp" && s.kind === "audio").map((s) => s.totalAudioEnergy));
}"""
KEEP_CONNECTIONS = """
  window.connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) { super(...given); window.connections.push(this); }
  };
"""


@pytest.fixture(scope="module")
def playground(folder: Path) -> Iterator[str]:
    """Its address."""
    with PortPicker() as free:
        port = str(free.tcp())
    next_js = Path(FOLDER) / "node_modules" / "next" / "dist" / "bin" / "next"
    argv = [node(), str(next_js), "start", FOLDER, "-p", port, "-H", "127.0.0.1"]
    with running(
        "playground", argv, folder=folder, env={"NEXT_TELEMETRY_DISABLED": "1"}
    ) as program:
        url = f"http://127.0.0.1:{port}"
        program.wait_ready(url)
        yield url


def microphone(path: Path, question: Pcm) -> Path:
    """What the fake microphone plays: a question, after a while."""
    pcm = np.concatenate([np.zeros(round(BEFORE_S * RATE_HZ), np.float32), question])
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes((np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes())
    return path


async def enter(page: Page, url: str, token: str) -> None:
    """Connect, whether its build knows a server or asks for one."""
    ticket = {"server_url": url, "participant_token": token}
    await page.route("**/api/token", lambda route: route.fulfill(json=ticket))
    asks = page.get_by_placeholder("wss://url")
    connect = page.get_by_role("button", name="Connect", exact=True)
    await connect.first.wait_for()
    if await asks.count():
        await asks.fill(url)
        await page.get_by_placeholder("room token...").fill(token)
    await connect.first.click()


def shown(page: Page, text: str) -> Locator:
    """A text that a person sees; the layout for telephones is there too, hidden."""
    return page.get_by_text(text).filter(visible=True).first


async def attributes(page: Page) -> dict[str, str]:
    """Of the agent, as its panel has them."""
    names = page.get_by_placeholder("Name").filter(visible=True)
    values = page.get_by_placeholder("Value").filter(visible=True)
    found = {}
    for n in range(await names.count()):
        found[await names.nth(n).input_value()] = await values.nth(n).input_value()
    return found


async def ask(page: Page, method: str, payload: str = "") -> None:
    """Call a remote procedure by the panel."""
    await page.get_by_placeholder("my_method").filter(visible=True).fill(method)
    await page.get_by_placeholder('{"my": "payload"}').filter(visible=True).fill(payload)
    await page.get_by_role("button", name="Perform RPC").filter(visible=True).click()


async def answer(page: Page, method: str, payload: str = "") -> str:
    """Call a remote procedure by the panel; what it shows."""
    await ask(page, method, payload)
    shown = page.locator(".border-green-500, .border-red-500").filter(visible=True).last
    return await shown.inner_text()


async def test_the_playground_talks_shows_types_and_asks(
    playground: str,
    livekit: LiveKitProcess,
    worker: Worker,
    engines: OpenAIStandIn,
    question: Pcm,
    tmp_path: Path,
) -> None:
    engines.transcribe = lambda request: "What is barge in?"
    engines.reply = lambda messages: (
        "I read it." if "typed" in str(messages[-1]) else "You may interrupt."
    )
    token = livekit.token(f"room-{secrets.token_hex(4)}", "person")
    expect.set_options(timeout=PATIENCE_S * 1e3)
    speech = microphone(tmp_path / "question.wav", question)
    async with browser(speech=speech) as chromium:
        page = await chromium.new_page(viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(PATIENCE_S * 1e3)
        await page.add_init_script(KEEP_CONNECTIONS)
        await page.goto(playground)
        await enter(page, livekit.url, token)

        await expect(shown(page, GREETING)).to_be_visible()
        await expect(shown(page, "What is barge in?")).to_be_visible()
        await expect(shown(page, "You may interrupt.")).to_be_visible()
        assert await page.evaluate(HEARD) > 0, "the agent's voice"

        box = page.get_by_placeholder("Type a message").filter(visible=True)
        await box.fill("This is typed.")
        await box.press("Enter")
        await expect(shown(page, "I read it.")).to_be_visible()

        await page.get_by_text("Attributes", exact=True).filter(visible=True).first.click()
        await page.get_by_placeholder("Value").filter(visible=True).first.wait_for()
        seen = await attributes(page)
        assert seen["rejoinder.stt"].startswith("openai")
        assert seen["lk.agent.state"] in {"listening", "speaking"}

        title = page.get_by_role("heading", name="RPC").filter(visible=True)
        await title.locator("xpath=..").get_by_role("button").click()
        assert json.loads(await answer(page, "get_latency"))["turns"] == 2
        assert json.loads(await answer(page, "interrupt")) == {"interrupted": False}
        assert "no persona of this name" in await answer(page, "set_persona", "nobody")
        box = page.get_by_placeholder("Type a message").filter(visible=True)
        assert await box.count() == 1, "it knows that the agent listens"
