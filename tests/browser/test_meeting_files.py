"""The meeting page's own files are all served, and the transcript can be saved."""

import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page

from rejoinder.web.client_library import PAGE
from testbed.livekit_process import LiveKitProcess
from tests.browser.meeting_driver import meeting_site, open_meeting
from tests.browser.page_driver import browser
from tests.fakes.meeting_agent import agent_in

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

SCRIPTS = sorted((PAGE / "meeting").glob("*.js"))
CUE = re.compile(
    r"(?P<begin>\d\d:\d\d:\d\d[.,]\d{3}) --> (?P<end>\d\d:\d\d:\d\d[.,]\d{3})\n(?P<text>.+)",
    re.DOTALL,
)


async def test_the_page_refers_to_files_that_are_there_and_uses_all_of_its_own(
    livekit: LiveKitProcess,
) -> None:
    html = (PAGE / "meeting/index.html").read_text("utf-8")
    assert not re.search(r"<style|<script(?! defer src| type=\"module\" src)| on\w+=| style=", html)
    todo, seen = re.findall(r'(?:src|href)="([^"]+)"', html), set()
    async with meeting_site(livekit) as site, aiohttp.ClientSession(site.url) as http:
        while todo:
            path = todo.pop()
            async with http.get(path) as answer:
                assert answer.status == 200, path
                text = await answer.text()
            seen.add(path)
            assert "vendor" in path or not re.search(r"https?://(?!www\.w3\.org)\w", text), path
            folder = path.rsplit("/", 1)[0]
            for imported in re.findall(r'(?:from|import) "(\.[\w./]+)"', text):
                target = f"{folder}/{imported}".replace("/./", "/")
                target = re.sub(r"/[^/]+/\.\./", "/", target)
                todo += [target] if target not in seen else []
    own = {f"/meeting/{p.name}" for p in (PAGE / "meeting").iterdir() if p.name != "index.html"}
    assert own <= seen


def test_the_scripts_use_only_elements_that_the_page_has() -> None:
    html = (PAGE / "meeting/index.html").read_text("utf-8")
    shared = ("cards.js", "connection.js", "elements.js", "joining.js", "microphone.js")
    used = set()
    for script in [*SCRIPTS, *(PAGE / "static" / name for name in shared)]:
        used |= set(re.findall(r'(?:\$|getElementById)\("([\w-]+)"\)', script.read_text("utf-8")))
    assert len(used) > 20
    assert used <= set(re.findall(r' id="([\w-]+)"', html))


LINES = [
    {
        "begun": 1500, "ended": 3250, "name": "Ana <b> & Co.",
        "texts": [
            {"text": "One --> two\n\nthree & <i>four</i>.", "label": ""},
            {"text": "Um, dois e três.", "label": "Portuguese"},
        ],
    },
    {
        "begun": 3_723_004, "ended": 3_723_004, "name": "Bia",
        "texts": [{"text": "早上好。", "label": ""}],
    },
    {"begun": 500, "ended": 2600, "name": "Caio", "texts": [{"text": "First.", "label": ""}]},
]  # fmt: skip


async def written(page: Page, writer: str, lines: list[dict[str, Any]]) -> str:
    """What one of the page's own functions makes of some lines."""
    text: str = await page.evaluate(
        "async ([writer, lines]) => (await import('/meeting/subtitles.js'))[writer](lines)",
        [writer, lines],
    )
    return text


async def test_times_names_and_escapes_are_as_the_formats_have_them(
    livekit: LiveKitProcess,
) -> None:
    async with (
        meeting_site(livekit) as site,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        srt = await written(ana.page, "toSrt", LINES)
        vtt = await written(ana.page, "toVtt", LINES)
        text = await written(ana.page, "toText", LINES)
        nothing = [await written(ana.page, writer, []) for writer in ("toSrt", "toVtt", "toText")]
    assert srt == (
        "1\n00:00:00,500 --> 00:00:02,600\nCaio: First.\n\n"
        "2\n00:00:01,500 --> 00:00:03,250\n"
        "Ana <b> & Co.: One → two three & <i>four</i>.\nUm, dois e três.\n\n"
        "3\n01:02:03,004 --> 01:02:04,004\nBia: 早上好。\n\n"
    )
    assert vtt == (
        "WEBVTT\n\n"
        "00:00:00.500 --> 00:00:02.600\n<v Caio>First.</v>\n\n"
        "00:00:01.500 --> 00:00:03.250\n"
        "<v Ana &lt;b&gt; &amp; Co.>One --&gt; two three &amp; &lt;i&gt;four&lt;/i&gt;.\n"
        "Um, dois e três.</v>\n\n"
        "01:02:03.004 --> 01:02:04.004\n<v Bia>早上好。</v>\n"
    )
    assert text == (
        "[0:00:01] Ana <b> & Co.: One --> two three & <i>four</i>.\n"
        "  Portuguese: Um, dois e três.\n"
        "[1:02:03] Bia: 早上好。\n"
        "[0:00:00] Caio: First.\n"
    )
    assert nothing == ["", "WEBVTT\n", ""]


async def test_a_browser_reads_the_subtitles_as_they_were_written(livekit: LiveKitProcess) -> None:
    parse = """
        ({ vtt }) => new Promise((resolve, reject) => {
            const video = document.createElement("video");
            const track = document.createElement("track");
            track.src = URL.createObjectURL(new Blob([vtt], { type: "text/vtt" }));
            track.onerror = reject;
            track.onload = () => resolve([...track.track.cues].map((cue) => {
                const voice = cue.getCueAsHTML().firstChild;
                return [cue.startTime, cue.endTime, voice.title, voice.textContent];
            }));
            track.default = true;
            video.append(track);
            document.body.append(video);
            track.track.mode = "hidden";
        })"""
    async with (
        meeting_site(livekit) as site,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        vtt = await written(ana.page, "toVtt", LINES)
        cues = await ana.page.evaluate(parse, {"vtt": vtt})
    assert cues == [
        [0.5, 2.6, "Caio", "First."],
        [1.5, 3.25, "Ana <b> & Co.", "One --> two three & <i>four</i>.\nUm, dois e três."],
        [3723.004, 3724.004, "Bia", "早上好。"],
    ]


async def test_what_was_shown_is_saved(livekit: LiveKitProcess, tmp_path: Path) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.join("Ana", speaks="en", hears="pt-BR")
        await agent.languages()
        await agent.caption("Ana", "Good morning", segment="1", language="en", final=False)
        await ana.wait_for_words("Good morning", final=False)
        await ana.page.wait_for_timeout(1200)  # the times of the file are of this
        await agent.caption("Ana", "Good morning.", segment="1", language="en")
        await agent.translate("Ana", "Bom dia.", of="1", language="pt")
        await agent.translate("Ana", "Guten Morgen.", of="1", language="de")
        await agent.caption("Ana", "Até logo.", segment="2", language="pt")
        await agent.caption("Ana", "Fail.", segment="3", language="en")
        await agent.translate("Ana", "Fail.", of="3", language="pt", works=False)
        for words in ("Bom dia.", "Até logo.", "Fail."):
            await ana.wait_for_words(words)
        await ana.page.get_by_text("not translated").wait_for()

        def said(text: str) -> list[str]:
            return re.findall(r"^\[[\d:]+\] Ana: (.*)$|^  (.*)$", text, re.MULTILINE)

        def flat(text: str) -> list[str]:
            return ["".join(found) for found in said(text)]

        shown = await ana.save("Text", what="What is shown", to=tmp_path)
        assert flat(shown) == [
            "Good morning.", "Portuguese: Bom dia.", "Até logo.", "Fail.",
        ]  # fmt: skip
        original = await ana.save("Text", what="What was said", to=tmp_path)
        assert flat(original) == ["Good morning.", "Até logo.", "Fail."]
        translation = await ana.save("Text", what="The translation", to=tmp_path)
        assert flat(translation) == ["Bom dia.", "Até logo.", "Fail."]

        srt = await ana.save("SRT", what="What is shown", to=tmp_path)
        [first, *_] = srt.split("\n\n")
        cue = CUE.search(first)
        assert cue
        assert cue["text"] == "Ana: Good morning.\nBom dia."
        assert 1.2 <= seconds(cue["end"]) - seconds(cue["begin"]) < 3.0
        assert seconds(cue["begin"]) > 0.0
        vtt = await ana.save("VTT", what="The translation", to=tmp_path)
        assert [c.rpartition("\n")[2] for c in vtt.strip().split("\n\n")] == [
            "WEBVTT", "<v Ana>Bom dia.</v>", "<v Ana>Até logo.</v>", "<v Ana>Fail.</v>",
        ]  # fmt: skip
        assert (tmp_path / f"{site.room}.vtt").is_file()

        await ana.show("All languages")
        everything = await ana.save("Text", what="The translation", to=tmp_path)
        assert flat(everything)[:2] == ["Portuguese: Bom dia.", "German: Guten Morgen."]
        # What was said can be saved when the meeting is over.
        await ana.page.get_by_role("button", name="Leave").click()
        await ana.wait_for_phase("left")
        assert await ana.save("Text", what="What was said", to=tmp_path) == original
        assert ana.errors == []


def seconds(stamp: str) -> float:
    hours, minutes, rest = stamp.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


async def test_the_configuration_tells_the_mode(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit, mode="captions", secret="hush") as site,
        aiohttp.ClientSession(site.url) as http,
        http.get("api/config") as answer,
    ):
        assert json.loads(await answer.text()) == {"needs_secret": True, "mode": "captions"}
