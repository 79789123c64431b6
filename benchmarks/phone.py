"""Voice-to-voice and barge-in by telephone, beside the same talks from the web.

    python -m benchmarks.bench --phone
    python -m benchmarks.bench --phone --calls 1 --out artifacts/phone.json

With livekit-sip (LIVEKIT_SIP_BIN or PATH), redis and baresip at hand a real telephone calls, and
all is measured in its own recordings: each codec's way there and back is in it. Without them the
caller is a participant of kind SIP whose microphone is a line with that codec: what the way from
a telephone to the room costs is not in it. Engines are those of `make bench`.
"""

import asyncio
import os
import platform
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from livekit import api
from numpy.typing import NDArray

from agent.audio import pcm
from benchmarks.rig import OURS, Rig, calling, rig
from benchmarks.scenarios import SCENARIOS, prepare
from benchmarks.tables import grid
from benchmarks.texts import texts_of
from benchmarks.voices import RATE_HZ, Spoken, available, speak
from rejoinder.scripted_caller.caller import Caller
from rejoinder.scripted_caller.hearing import LOUD_DBFS, WINDOW_S, Sound
from rejoinder.scripted_caller.microphone import Utterance
from testbed.baresip import Handset, telephone
from testbed.livekit_process import LiveKitProcess
from testbed.redis_process import run_redis
from testbed.sip_process import run_livekit_sip
from testbed.telephone import G722, PCMA, PCMU, Codec, Line, spoken_through

Trial = dict[str, Any]

NUMBER = "+15550100"
WEB = "web"
CODECS = {codec.name: codec for codec in (PCMU, PCMA, G722)}
VOICES = ("flite:kal16", "flite:kal", "espeak:en-gb-scotland+m3", "human:en")
CALLS = 4
_STEPS = 3
"""Turns, or interruptions, of a call."""
_BREATH_S = 0.6
"""Pauses of a speaker who goes on are shorter, as in `Caller.measure`."""
_ANSWER_S, _QUIET_S, _SETTLE_S = 15.0, 1.5, 2.0
_NAMES = {
    "v2v_ms": "voice-to-voice", "stop_ms": "barge-in: until silent",
    "answer_ms": "answer after a barge-in", "connected_ms": "INVITE to answer",
}  # fmt: skip


class OverLine:
    """A caller whose microphone is a telephone line; all else is the caller's own."""

    def __init__(self, caller: Caller, codec: Codec) -> None:
        self._caller = caller
        self._line = Line(codec, rate_hz=RATE_HZ)

    async def say(self, sound: NDArray[np.float32]) -> Utterance:
        """Say it into the line."""
        return await self._caller.say(spoken_through(self._line, sound))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._caller, name)


@dataclass
class Talk:
    """A call by a real telephone."""

    rig: Rig
    phone: Handset
    voice: str
    number: int

    async def turns(self) -> list[Trial]:
        """Question and answer."""
        texts, rows = texts_of(self.voice).questions, []
        for step in range(_STEPS):
            spoken = speak(texts[(self.number * _STEPS + step) % len(texts)], voice=self.voice)
            _, v2v_ms = await self._say(spoken, short=True)
            rows.append({"scenario": "turn", "text": spoken.text, "v2v_ms": v2v_ms})
            await asyncio.to_thread(self.phone.wait_for_silence, lasting_s=_QUIET_S)
        return rows

    async def barge_in(self) -> list[Trial]:
        """Speaking over an answer, again and again."""
        texts, rows = texts_of(self.voice), []
        await self._say(speak(texts.questions[self.number % 4], voice=self.voice))
        for step in range(_STEPS):
            await asyncio.sleep(1.0 + 0.37 * ((self.number + step) % 4))
            over = texts.interruptions[(self.number + step) % len(texts.interruptions)]
            stop_ms, answer_ms = await self._say(speak(over, voice=self.voice))
            rows.append(
                {"scenario": "barge_in", "text": over, "stop_ms": stop_ms, "answer_ms": answer_ms}
            )
        return rows

    async def _say(
        self, spoken: Spoken, *, short: bool = False
    ) -> tuple[float | None, float | None]:
        """Say something; gives when it silenced the agent and when it was answered, ms."""
        await self.rig.script(spoken, short=short)
        sound = pcm.resample(spoken.pcm, from_hz=RATE_HZ, to_hz=self.phone.rate_hz)
        begin = len(self.phone.said)
        await asyncio.to_thread(self.phone.say, sound)
        await asyncio.sleep(len(sound) / self.phone.rate_hz)
        end = time.perf_counter() + _ANSWER_S
        while time.perf_counter() < end:
            await asyncio.sleep(0.2)
            stop_ms, answer_ms = measured(
                self.phone.said, self.phone.heard, begin, rate_hz=self.phone.rate_hz
            )
            if answer_ms is not None:
                return stop_ms, answer_ms
        return None, None


def measured(
    said: NDArray[np.float32], heard: NDArray[np.float32], begin: int, *, rate_hz: int
) -> tuple[float | None, float | None]:
    """When what was said from sample `begin` on silenced the agent, and was answered; ms.

    Two recordings that end at the same time.
    """
    spoken = sounds(said[begin:], rate_hz)
    if not spoken:
        return None, None
    # Places in what was said, as places in what was heard.
    shift = (len(said) - begin - len(heard)) / rate_hz
    first, last = spoken[0].began - shift, spoken[-1].ended - shift
    stop_ms, deaf_until = None, last
    for sound in sounds(heard, rate_hz, join_s=_BREATH_S):
        if sound.began < first < sound.ended + _BREATH_S:
            stop_ms = max(0.0, (sound.ended - first) * 1e3)
            deaf_until = max(last, sound.ended)
        elif sound.began > deaf_until:
            return stop_ms, (sound.began - last) * 1e3
    return stop_ms, None


def sounds(samples: NDArray[np.float32], rate_hz: int, *, join_s: float = 0.25) -> list[Sound]:
    """Stretches of sound in a recording, seconds from its beginning."""
    size = round(WINDOW_S * rate_hz)
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    loud = np.flatnonzero(np.mean(windows**2, axis=1) > 10 ** (LOUD_DBFS / 10))
    found: list[Sound] = []
    for at in (loud * WINDOW_S).tolist():
        if found and at - found[-1].ended <= join_s:
            found[-1] = Sound(found[-1].began, at + WINDOW_S)
        else:
            found.append(Sound(at, at + WINDOW_S))
    return found


def service() -> str:
    """Path of livekit-sip where a real telephone can call; else empty."""
    binary = os.environ.get("LIVEKIT_SIP_BIN") or shutil.which("livekit-sip") or ""
    return binary if shutil.which("redis-server") and shutil.which("baresip") else ""


async def run(calls: int, delays: Mapping[str, float]) -> dict[str, Any]:
    """Hold the talks, as many calls for each way; returns the record."""
    binary, began = service(), time.time()
    folder = Path(tempfile.mkdtemp(prefix="phone-"))
    trials: list[Trial] = []
    able = [voice for voice in VOICES if available(voice)]
    await asyncio.to_thread(prepare, able)
    async with _exchange(folder, binary, delays) as (running, sip):
        for number in range(calls):
            voice = able[number % len(able)]
            for way in (WEB, *CODECS):
                for scenario in ("turn", "barge_in"):
                    rows = await _one(running, folder, way, scenario, voice, number, sip)
                    trials += [{"way": way, "voice": voice, "call": number, **r} for r in rows]
                print(f"call {number + 1}, {way}: {voice}", flush=True)
    return {
        "phone": "livekit-sip" if binary else "participant", "when": began,
        "took_s": time.time() - began, "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(), "trials": trials,
    }  # fmt: skip


@asynccontextmanager
async def _exchange(
    folder: Path, binary: str, delays: Mapping[str, float]
) -> AsyncIterator[tuple[Rig, str]]:
    if not binary:
        async with rig(folder, systems=[OURS], delays=delays) as running:
            yield running, ""
        return
    with ExitStack() as programs:
        async with (
            run_redis("redis-server") as redis,
            rig(folder, systems=[OURS], delays=delays, redis=redis) as running,
        ):
            exchange = run_livekit_sip(binary, folder, livekit=running.livekit, redis=redis)
            sip = await asyncio.to_thread(programs.enter_context, exchange)
            await _open(running.livekit)
            yield running, sip


async def _open(livekit: LiveKitProcess) -> None:
    """A number that our agent answers."""
    async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as server:
        trunk = api.SIPInboundTrunkInfo(
            name="bench", numbers=[NUMBER], allowed_addresses=["127.0.0.1/32"]
        )
        made = await server.sip.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=trunk))
        rule = api.SIPDispatchRuleInfo(
            name="bench",
            trunk_ids=[made.sip_trunk_id],
            rule=api.SIPDispatchRule(
                dispatch_rule_individual=api.SIPDispatchRuleIndividual(room_prefix="bench-")
            ),
            room_config=api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=OURS)]),
        )
        await server.sip.create_dispatch_rule(api.CreateSIPDispatchRuleRequest(dispatch_rule=rule))


async def _one(
    running: Rig, folder: Path, way: str, scenario: str, voice: str, number: int, sip: str
) -> list[Trial]:
    try:
        async with asyncio.timeout(150):
            if sip and way != WEB:
                return await _by_telephone(running, folder, way, scenario, voice, number, sip)
            token = running.livekit.token(
                f"bench-{time.monotonic_ns()}", "caller", phone=way != WEB, dispatch=OURS
            )
            async with calling(running.livekit.url, token) as caller:
                by: Any = caller if way == WEB else OverLine(caller, CODECS[way])
                rows: list[Trial] = await SCENARIOS[scenario][0](running, by, voice, number)
                return rows
    except (TimeoutError, ExceptionGroup) as error:
        print(f"  {way} {scenario}: {error!r}"[:300], flush=True)
        return [{"scenario": scenario, "failed": repr(error)[:300]}]


async def _by_telephone(
    running: Rig, folder: Path, codec: str, scenario: str, voice: str, number: int, sip: str
) -> list[Trial]:
    place = folder / f"phone-{time.monotonic_ns()}"
    with telephone(place, codec=codec) as phone:
        dialled = time.perf_counter()
        phone.dial(f"sip:{NUMBER}@{sip}")
        await asyncio.to_thread(phone.wait, "CALL_ESTABLISHED", timeout_s=30)
        connected_ms = (time.perf_counter() - dialled) * 1e3
        await asyncio.sleep(_SETTLE_S)
        talk = Talk(running, phone, voice, number)
        rows = await (talk.turns() if scenario == "turn" else talk.barge_in())
        phone.hang_up()
        await asyncio.to_thread(phone.wait, "CALL_CLOSED")
    return [{"scenario": "connect", "connected_ms": connected_ms}, *rows]


def table(record: dict[str, Any]) -> str:
    """A line per measure, a column per way: p50 / p95 (n), ms."""
    rows = []
    for key, name in _NAMES.items():
        cells = []
        for way in (WEB, *CODECS):
            found = [t[key] for t in record["trials"] if t["way"] == way and t.get(key) is not None]
            cells.append(
                f"{np.median(found):.0f} / {np.percentile(found, 95):.0f} (n {len(found)})"
                if found
                else ""
            )
        if any(cells):
            rows.append([f"{name}, ms", *cells])
    return grid(["measure", WEB, *CODECS], rows)
