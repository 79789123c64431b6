"""What Whisper tiny.en writes about the beginnings of every English scene: asked once, kept.

    nice -n 19 python -m benchmarks.tempo.whisper_tables

A fifth of a second of one core each, twenty to forty for a sentence. The uploads begin and are
decoded as the worker's are, by our own server's recogniser.
"""

import argparse
import json
import threading
import time
from collections.abc import Iterator

import numpy as np

from agent.audio import pcm
from agent.hearing.ear import RATE_HZ
from agent.turns.turn_taker import PREFIX_S
from benchmarks.tempo import sets
from benchmarks.tempo.hops import CACHE
from benchmarks.tempo.recogniser import TABLE_VERSION, table
from benchmarks.tempo.scenes import PAUSES_S, Scene

UNDERSTOOD = ("human:en", "piper", "flite:kal16", "flite:slt")
"""Voices that tiny.en understands, two of each set."""
_COARSE_S, _FINE_S = 0.16, 0.06
_NEAR_END_S = 0.36
"""Before an end or a pause prefixes are looked at in finer steps."""
_FIRST_S = 0.28


_ORDER = ("turn", "barge_in", "pause", "stop", "backchannel")


def understood(scene: Scene) -> bool:
    """Whether there is to be a table of a scene: of pauses, those of one length alone."""
    if scene.kind not in _ORDER or scene.voice not in UNDERSTOOD:
        return False
    spans = _voiced_until(scene)
    return scene.kind != "pause" or abs(spans[1][0] - spans[0][1] - PAUSES_S[1]) < 0.1


def ends(scene: Scene) -> list[float]:
    """Where its prefixes end, seconds of the scene."""
    voiced = _voiced_until(scene)
    found = []
    for began, over in voiced:
        at = began + (_FIRST_S if began == scene.first else _COARSE_S)
        while at < over:
            found.append(at)
            at += _FINE_S if at > over - _NEAR_END_S else _COARSE_S
        found += [over, over + 0.05, over + 0.12]
    return sorted({round(at, 2) for at in found})


def _voiced_until(scene: Scene) -> list[tuple[float, float]]:
    """The stretches between the silences that were put into a scene."""
    level = np.abs(scene.spoken.pcm)
    hop = 480
    loud = level[: len(level) // hop * hop].reshape(-1, hop).max(axis=1) > 1e-4
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
    spans = [(int(a) * 0.01, int(b) * 0.01) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    joined: list[tuple[float, float]] = []
    for began, over in spans:
        if joined and began - joined[-1][1] < 0.25:
            joined[-1] = (joined[-1][0], over)
        else:
            joined.append((began, over))
    late = scene.first - scene.spoken.first
    inside = [(a + late, b + late) for a, b in joined]
    inside = [(a, b) for a, b in inside if b > scene.first and a < scene.last]
    return [(max(a, scene.first), min(b, scene.last)) for a, b in inside]


def make(wanted: list[Scene], *, until: float) -> Iterator[Scene]:
    """Ask about all prefixes of scenes that have no table yet, until a time of `time.time`."""
    from model_servers.serving.errors import Unclear
    from model_servers.whisper.loading import load
    from model_servers.whisper.settings import WhisperSettings
    from model_servers.whisper.transcript import Piece
    from model_servers.whisper.wish import Wish

    recogniser = load(WhisperSettings(cpu_threads=1, window="fit"), say=lambda line: None)
    for scene in wanted:
        if time.time() > until:
            return
        if table(scene) is not None:
            continue
        began = max(0, round((scene.first - PREFIX_S) * RATE_HZ))
        rows: list[tuple[float, str | None]] = []
        samples = scene.pcm.astype(np.float32) / np.float32(32768)
        for end in ends(scene):
            upload = pcm.to_wav(samples[began : round(end * RATE_HZ)], rate_hz=RATE_HZ)
            try:
                pieces = recogniser.transcribe(
                    upload, Wish(priority="interim"), threading.Event()
                )  # fmt: skip
                text = "".join(piece.text for piece in pieces if isinstance(piece, Piece))
                rows.append((end, text.strip()))
            except Unclear:
                rows.append((end, None))
        CACHE.mkdir(parents=True, exist_ok=True)
        target = CACHE / f"whisper-{scene.key}-{TABLE_VERSION}.json"
        target.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
        yield scene


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after these")
    args = parser.parse_args()
    wanted = [s for name in sets.NAMES for s in sets.scenes_of(name) if understood(s)]
    wanted.sort(key=lambda s: (_ORDER.index(s.kind), UNDERSTOOD.index(s.voice)))
    missing = [scene for scene in wanted if table(scene) is None]
    print(f"{len(wanted)} scenes, {len(missing)} without a table", flush=True)
    for number, scene in enumerate(make(missing, until=time.time() + args.seconds)):
        print(f"{number + 1}/{len(missing)} {scene.voice} {scene.spoken.text}", flush=True)


if __name__ == "__main__":
    main()
