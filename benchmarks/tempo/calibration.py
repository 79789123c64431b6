"""Whether the offline bench gives the numbers of the real one: the same turns, one by one.

The record of a run says which voice said what, in which order; the order says what the stand-in
recogniser could do without.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agent.turns.tempo import TEMPO
from benchmarks.cost import Cost
from benchmarks.standin import missing_s
from benchmarks.tempo.hops import hops
from benchmarks.tempo.recogniser import KnownWords
from benchmarks.tempo.replay import Outcome, replay
from benchmarks.tempo.scenes import PAUSES_S, Scene
from benchmarks.texts import texts_of
from benchmarks.voices import available, pause, speak

_SCRIPTS = {"turn": 3, "barge_in": 4, "pause": 3}
"""How often the stand-in is told what comes in a call of each scenario, in their order."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A trial of the real benchmark, and the same offline. Milliseconds."""

    scenario: str
    voice: str
    text: str
    real_ms: float
    real_requests: int
    offline: Outcome

    @property
    def offline_ms(self) -> float:
        """As `real_ms`."""
        return float("nan") if self.offline.answer_s is None else self.offline.answer_s * 1e3


def pairs(record: dict[str, Any]) -> list[Pair]:
    """The plain turns, pauses and interruptions of a run of `benchmarks.bench`."""
    delays = record["delays"]
    cost = Cost(delays["stt"], delays.get("stt_per_s", 0.0), delays.get("stt_company", 0.0))
    systems = len({t["system"] for t in record["trials"]} - {"path"})
    found = []
    scripted = 0
    for scenario, each in _SCRIPTS.items():
        calls: dict[int, list[dict[str, Any]]] = {
            t["call"]: [] for t in record["trials"] if t["scenario"] == scenario
        }
        for trial in record["trials"]:
            if trial["system"] == "ours" and trial["scenario"] == scenario:
                calls[trial["call"]].append(trial)
        for call in sorted(calls):
            scripted += each * (systems - 1)
            skipped = each - len(calls[call])
            for place, trial in enumerate(calls[call]):
                key = "answer_ms" if scenario == "barge_in" else "v2v_ms"
                if not available(trial["voice"]) or trial.get(key) is None:
                    continue
                scene = _scene(scenario, trial)
                known = KnownWords(scene.words, missing_s(scripted + skipped + place + 1))
                outcome = replay(scene, hops(scene), known, cost, TEMPO)
                found.append(
                    Pair(scenario, trial["voice"], trial["text"], trial[key],
                         trial["stt_extra"] + 1, outcome)
                )  # fmt: skip
            scripted += each
    return found


def _scene(scenario: Any, trial: dict[str, Any]) -> Scene:
    voice, text = trial["voice"], trial["text"]
    spoken = speak(text, voice=voice) if scenario != "pause" else None
    if spoken is None:
        tails = dict(texts_of(voice).unfinished)
        parts = [speak(text, voice=voice), speak(tails[text], voice=voice)]
        spoken = pause(parts, pause_s=min(PAUSES_S, key=lambda s: abs(s - trial["pause_ms"] / 1e3)))
    return Scene(scenario, voice, "clean", spoken)


def summary(compared: list[Pair]) -> list[dict[str, Any]]:
    """Medians of the times and means of the requests, real and offline, by scenario."""
    rows = []
    for scenario in _SCRIPTS:
        group = [pair for pair in compared if pair.scenario == scenario]
        real, offline = ([getattr(p, name) for p in group] for name in ("real_ms", "offline_ms"))
        rows.append(
            {"scenario": scenario, "n": len(group),
             "real_ms": float(np.median(real)), "offline_ms": float(np.nanmedian(offline)),
             "apart_ms": float(np.nanmedian(np.abs(np.subtract(real, offline)))),
             "real_requests": float(np.mean([p.real_requests for p in group])),
             "offline_requests": float(np.mean([p.offline.requests for p in group]))}
        )  # fmt: skip
    return rows
