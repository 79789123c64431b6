"""What the README shows: the talk page in a call, light and dark, and the sound of a barge-in.

    python -m benchmarks.showcase

Two real calls with the embedded engines, on this machine: one by headless Chromium, whose
microphone plays a file, and one by the benchmarks' caller. Writes to docs/pictures/.
"""

import argparse
import asyncio
import shutil
import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Page, async_playwright

from agent.settings.load import load
from benchmarks.rig import OURS, Rig, rig
from benchmarks.voices import RATE_HZ, available, speak
from rejoinder.scripted_caller.caller import Caller, join
from rejoinder.scripted_caller.hearing import Pcm, voiced_span
from rejoinder.web.client_library import library_path
from rejoinder.web.server import running

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
PARTS = ("sound", "page")
_VOICE = "flite:slt"
_QUESTION = "What happens when I interrupt you?"
_SIGN = "okay"
_INTERRUPTION = "Wait, how do I start the demo?"

_LISTENS_S = 2.6
"""Of the answer, before the sign of listening and before the interruption, seconds."""
_HEARS_S = 9.0
"""Of the answer to the interruption, seconds."""
_GREETED_S = 8.0
"""Silence of the browser's microphone while the page joins and is greeted, seconds."""
_UNTIL_CUT_S = 5.0
"""From the end of its question to its interruption: the answer has been heard for a while."""
_SIZE = {"width": 1180, "height": 780}
_FADED_S = 0.8
"""Colours of the page change within this time, seconds."""
_NAMES = """
const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
navigator.mediaDevices.enumerateDevices = async () =>
  (await list()).map(({ deviceId, kind }) => ({ deviceId, kind, label: "Microphone" }));
"""
"""Chromium calls its microphones fake ones."""
_ENGINES = {
    "AGENT_GREETING": "Hello! Ask me anything about this project.",
    "STT_MODEL": "whisper-tiny.en",
    "TTS_MODEL": "en_US-hibari-heart",
}
"""As in `make demo`."""

_STALL_S = 0.1
_LEAD_S = 0.3
"""Silence before the first sound."""
_SOUND_HZ, _SOUND_BITS = 24000, 56_000
_OTHER_SIDE = 0.35
"""Each side is heard from its own side, and this much from the other."""


def _say(text: str) -> Pcm:
    return speak(text, voice=_VOICE if available(_VOICE) else "piper").pcm


async def record(running_rig: Rig, target: Path) -> None:
    """Hold one call and keep its sound: a question, a sign of listening, an interruption."""
    said = {text: await asyncio.to_thread(_say, text) for text in (_QUESTION, _SIGN, _INTERRUPTION)}
    token = running_rig.token(OURS, "showcase-sound")
    async with join(running_rig.livekit.url, token) as caller:
        await caller.wait_for_agent()
        await caller.wait_until(lambda: any(c.final for c in caller.log.captions))
        await caller.hearing.wait_for_silence(lasting_s=0.7)
        question = await caller.say(said[_QUESTION])
        await caller.wait_for_answer(question)
        await asyncio.sleep(_LISTENS_S)
        await caller.say(said[_SIGN])
        await asyncio.sleep(_LISTENS_S)
        cut = await caller.say(said[_INTERRUPTION])
        await caller.wait_for_answer(cut)
        await asyncio.sleep(_HEARS_S)
        if any(long > _STALL_S for said in caller.microphone.said for _, long in said.stalls):
            raise SystemExit("the machine was too busy: the caller's own voice stood still")
        await asyncio.to_thread(_write_sound, caller, target)


def _write_sound(caller: Caller, target: Path) -> None:
    with tempfile.NamedTemporaryFile(suffix=".wav") as sink:
        caller.record(Path(sink.name))
        with wave.open(sink.name, "rb") as wav:
            both = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)
    began = next(iter(caller.hearing.sounds())).began - _LEAD_S
    both = both[max(0, round((began - caller.hearing.began) * RATE_HZ)) :].astype(np.float32)
    for sound in caller.hearing.sounds(join_s=0.5):
        print(f"agent  {sound.began - began:5.1f} to {sound.ended - began:4.1f} s")
    for utterance in caller.microphone.said:
        first, last = (utterance.left(at) - began for at in voiced_span(utterance.pcm))
        print(f"caller {first:5.1f} to {last:4.1f} s")
    for caption in sorted(caller.log.captions, key=lambda c: c.began):
        print(f"{'agent' if caption.by_agent else 'caller'}: {caption.text}")
    mixed = np.clip((both + _OTHER_SIDE * both[:, ::-1]) / (1 + _OTHER_SIDE), -32767, 32767)
    _encode(mixed.astype(np.int16), target)


def _encode(stereo: NDArray[np.int16], target: Path) -> None:
    with av.open(str(target), "w") as out:
        stream = out.add_stream("libmp3lame", rate=_SOUND_HZ, layout="stereo")
        stream.bit_rate = _SOUND_BITS
        frame = av.AudioFrame.from_ndarray(stereo.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(format="s16p", layout="stereo", rate=_SOUND_HZ)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))


async def photograph(running_rig: Rig, folder: Path) -> None:
    """Hold one call in the browser and keep the page, light and dark, while the agent speaks."""
    live = running_rig.livekit
    settings = load(
        environ={
            "LIVEKIT_URL": live.url,
            "LIVEKIT_API_KEY": live.api_key,
            "LIVEKIT_API_SECRET": live.api_secret,
            "AGENT_NAME": OURS,
            "TALK_PORT": "0",
        }
    )
    with tempfile.TemporaryDirectory() as scratch:
        speech = Path(scratch) / "microphone.wav"
        await asyncio.to_thread(_write_microphone, speech)
        async with running(settings, library=library_path()) as url, async_playwright() as browsers:
            browser = await browsers.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                args=[
                    "--no-sandbox",
                    "--allow-loopback-in-peer-connection",
                    "--use-fake-device-for-media-stream",
                    "--use-fake-ui-for-media-stream",
                    f"--use-file-for-fake-audio-capture={speech}%noloop",
                ],
            )
            page = await browser.new_page(viewport=_SIZE, device_scale_factor=1)
            await page.add_init_script(_NAMES)
            await page.goto(url)
            await page.get_by_role("button", name="Start").click()
            await _until_answered(page)
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme=scheme)
                await asyncio.sleep(_FADED_S)
                await page.screenshot(path=folder / f"talk-{scheme}.png")
            await browser.close()


async def _until_answered(page: Page) -> None:
    """Until the second question is being answered: the first answer is cut off by then."""
    asked = page.locator("#messages li.you:not(.interim)")
    await asked.nth(1).wait_for(timeout=60_000)
    await page.locator("#messages li.agent").nth(2).wait_for(timeout=30_000)
    await page.locator("#state", has_text="Speaking").wait_for(timeout=30_000)
    await asyncio.sleep(2.0)


def _write_microphone(path: Path) -> None:
    def silence(for_s: float) -> Pcm:
        return np.zeros(round(for_s * RATE_HZ), np.float32)

    sound = np.concatenate(
        [
            silence(_GREETED_S), _say(_QUESTION), silence(_UNTIL_CUT_S), _say(_INTERRUPTION),
            silence(30.0),
        ]
    )  # fmt: skip
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes((sound * 32767).astype("<i2").tobytes())


async def show(folder: Path, parts: Sequence[str]) -> None:
    """Make the `sound`, the pictures of the `page`, or both."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    with tempfile.TemporaryDirectory() as logs:
        async with rig(Path(logs), systems=[OURS], delays=None, env=_ENGINES) as running_rig:
            if "sound" in parts:
                await record(running_rig, folder / "barge-in.mp3")
            if "page" in parts:
                await photograph(running_rig, folder)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PICTURES)
    parser.add_argument("--part", choices=PARTS, action="append")
    args = parser.parse_args()
    asyncio.run(show(args.out, args.part or PARTS))


if __name__ == "__main__":
    main()
