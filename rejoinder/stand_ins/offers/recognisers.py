"""Recognisers: FunASR's servers, Deepgram, whisper.cpp."""

import json
from collections.abc import Mapping
from typing import Any

from rejoinder.stand_ins.deepgram_server import DeepgramStandIn
from rejoinder.stand_ins.funasr_http_server import FunASRHttpStandIn
from rejoinder.stand_ins.funasr_server import FunASRStandIn
from rejoinder.stand_ins.offers.offer import (
    NEVER_S,
    REFUSALS,
    SLOW_S,
    Fault,
    Offer,
    Wanted,
    faults_of,
    set_fields,
)
from rejoinder.stand_ins.whisper_cpp_server import WhisperCppStandIn

_TAGS = "<|en|><|NEUTRAL|><|Speech|><|withitn|>"
"""What SenseVoice says of speech before its words."""


def _funasr(wanted: Wanted) -> FunASRStandIn:
    return FunASRStandIn(
        hear=wanted.words.ends,
        server=wanted.way,  # type: ignore[arg-type]  # one of the ways
        forgets=True,
    )


def _funasr_settings(url: str, wanted: Wanted) -> list[str]:
    lines = ["STT_ENGINE=funasr", f"STT_URL={url}"]
    return [*lines, "STT_PROTOCOL=nano"] if wanted.way == "nano" else lines


def _funasr_http(wanted: Wanted) -> FunASRHttpStandIn:
    def transcribe(request: Any) -> str:
        said = wanted.words.sentence(request.audio, request.audio_rate_hz)
        return f"{_TAGS}{said}" if said and wanted.way == "sensevoice" else said

    return FunASRHttpStandIn(dialect=wanted.way, transcribe=transcribe)  # type: ignore[arg-type]


def _deepgram(wanted: Wanted) -> DeepgramStandIn:
    return DeepgramStandIn(hear=wanted.words.spans, forgets=True)


def _deepgram_settings(url: str, wanted: Wanted) -> list[str]:
    options = json.dumps({"base_url": url, "api_key": "nobody"})
    return ["STT_ENGINE=plugin", "STT_PLUGIN=deepgram.STT", f"STT_PLUGIN_OPTIONS='{options}'"]


def _whisper_cpp(wanted: Wanted) -> WhisperCppStandIn:
    return WhisperCppStandIn(
        transcribe=lambda said: f" {wanted.words.sentence(said.audio, said.audio_rate_hz)}"
    )


def _websocket(stall: Fault) -> dict[str, Fault]:
    return {
        "slow": set_fields(delay_s=SLOW_S),
        "stall": stall,
        "malformed": set_fields(malformed=True),
        **{str(status): set_fields(status=status, breaks=True) for status in REFUSALS},
    }


def _deepgram_faults() -> dict[str, Fault]:
    """On its websocket, and on its route for recordings."""
    connections = _websocket(set_fields(delay_s=NEVER_S))
    recordings = faults_of(lambda server: [server.whole], streams=False)

    def both(name: str) -> Fault:
        def switch(server: Any) -> None:
            connections[name](server)
            recordings[name](server)

        return switch

    return {name: both(name) for name in connections}


RECOGNISERS: Mapping[str, Offer] = {
    "funasr": Offer(
        "FunASR's websocket servers, words while they are spoken (--way cpp, nano)",
        10095,
        "ws://127.0.0.1:{port}/",
        _funasr,
        _funasr_settings,
        _websocket(set_fields(silent=True)) | {"full": set_fields(full=True, breaks=True)},
        ways=("python", "cpp", "nano"),
    ),
    "funasr-http": Offer(
        "FunASR and SenseVoice over HTTP (--way server, runtime, sensevoice)",
        2002,
        "http://127.0.0.1:{port}",
        _funasr_http,
        lambda url, wanted: ["STT_ENGINE=funasr_http", f"STT_URL={url}"],
        faults_of(lambda server: [server.how], streams=False),
        ways=("wrapper", "server", "runtime", "sensevoice"),
    ),
    "deepgram": Offer(
        "Deepgram's websocket and its route for recordings",
        8099,
        "http://127.0.0.1:{port}/v1/listen",
        _deepgram,
        _deepgram_settings,
        _deepgram_faults(),
    ),
    "whisper-cpp": Offer(
        "whisper.cpp's server, one utterance at a time",
        8081,
        "http://127.0.0.1:{port}",
        _whisper_cpp,
        lambda url, wanted: ["STT_ENGINE=openai", f"STT_URL={url}"],
        # It makes 404 of every other status.
        faults_of(lambda server: [server.how], streams=False, refusals=(500,)),
    ),
}
