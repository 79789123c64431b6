"""Servers of several stages, and of none: OpenAI-shaped, Amazon's, a Gradio page, a search."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rejoinder.stand_ins.aws_server import AwsStandIn, TranscribeStreams, text_events
from rejoinder.stand_ins.gradio_server import GradioStandIn
from rejoinder.stand_ins.libretranslate_server import LibreTranslateStandIn
from rejoinder.stand_ins.offers.offer import (
    REFUSALS,
    SLOW_S,
    Fault,
    Offer,
    Wanted,
    by_stage,
    faults_of,
    set_fields,
)
from rejoinder.stand_ins.offers.voices import voices_file, write_a_voice
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from rejoinder.stand_ins.search_server import WIRES, SearchStandIn

_AWS_SERVICES = (
    "BEDROCK_RUNTIME", "SAGEMAKER_RUNTIME", "POLLY", "S3", "STS", "TRANSCRIBE_STREAMING"
)  # fmt: skip
_AWS_REFUSALS = (403, 429, 500)
"""No service of Amazon's says 401."""
_SPEAK = (sys.executable, "-P", "-m", "rejoinder.stand_ins.spoken")
_PRESETS = ("m4t_s2tt", "m4t_asr", "mooer_asr", "mooer_ast", "whisper")
_GRADIO_VOICES = ("f5_tts", "maskgct")


def _answer(said: str) -> str:
    heard = f"You said: {said} " if said else ""
    return f"{heard}I am a stand-in for a language model, so this is all that I can tell you."


def _text_of(content: Any) -> str:
    """The words of a message, of OpenAI's kind or of Bedrock's."""
    if isinstance(content, str):
        return content.strip()
    parts = [part["text"] for part in content or () if "text" in part]
    return " ".join(parts).strip()


def _last_words(messages: Sequence[Mapping[str, Any]]) -> str:
    said = [m for m in messages if m["role"] == "user" and _text_of(m["content"])]
    return _text_of(said[-1]["content"]) if said else ""


def _openai(wanted: Wanted) -> OpenAIStandIn:
    return OpenAIStandIn(
        speech=wanted.speech,
        transcribe=lambda request: (
            ""
            if request.audio is None
            else wanted.words.sentence(request.audio, request.audio_rate_hz)
        ),
        reply=lambda messages: _answer(_last_words(messages)),
    )


def _openai_settings(url: str, wanted: Wanted) -> list[str]:
    stages = [f"{stage}_ENGINE=openai" for stage in ("STT", "LLM", "TTS")]
    return [f"OPENAI_BASE_URL={url}", *stages]


def _aws(wanted: Wanted) -> AwsStandIn:
    return AwsStandIn(
        speech=wanted.speech,
        transcribe=lambda request: (
            ""
            if request.audio is None
            else wanted.words.sentence(request.audio, request.audio_rate_hz)
        ),
        reply=lambda body: text_events(_answer(_last_words(body["messages"]))),
        streams=TranscribeStreams(hear=wanted.words.spans),
    )


def _aws_settings(url: str, wanted: Wanted) -> list[str]:
    ear, voice = ["STT_ENGINE=sagemaker", "STT_ENDPOINT=whisper"], ["TTS_ENGINE=polly"]
    if wanted.way == "sagemaker":
        voice = ["TTS_ENGINE=sagemaker", "TTS_ENDPOINT=sovits"]
    if wanted.way == "transcribe":
        ear = ["STT_ENGINE=transcribe"]
    return [
        *(f"AWS_ENDPOINT_URL_{service}={url}" for service in _AWS_SERVICES),
        "AWS_REGION=eu-west-1",
        "AWS_ACCESS_KEY_ID=nobody",
        "AWS_SECRET_ACCESS_KEY=nothing",
        *ear,
        "LLM_ENGINE=bedrock",
        *voice,
    ]


def _gradio(wanted: Wanted) -> GradioStandIn:
    if wanted.way in _GRADIO_VOICES:
        write_a_voice(wanted)
    script = {"words": wanted.words.text}
    return GradioStandIn(script=script, speak=_SPEAK if wanted.speech is not None else ())


def _gradio_settings(url: str, wanted: Wanted) -> list[str]:
    if wanted.way in _GRADIO_VOICES:
        return [f"TTS_ENGINE={wanted.way}", f"TTS_URL={url}", f"TTS_VOICES={voices_file(wanted)}"]
    lines = ["STT_ENGINE=gradio", f"STT_URL={url}", f"STT_PRESET={wanted.way}"]
    return [*lines, "STT_LANGUAGE=en"] if wanted.way == "m4t_asr" else lines


def _search(wanted: Wanted) -> SearchStandIn:
    return SearchStandIn(wire=next(wire for wire in WIRES if wire == wanted.way))


def _search_settings(url: str, wanted: Wanted) -> list[str]:
    return [f"WEB_SEARCH={wanted.way}", f"WEB_SEARCH_URL={url}"]


def _scripted(**script: Any) -> Fault:
    def switch(server: GradioStandIn) -> None:
        server.script |= script
        server.apply()

    return switch


def _of_one(
    behaviour: Callable[[Any], Any], *, streams: bool, refusals: Sequence[int] = REFUSALS
) -> Mapping[str, Fault]:
    return faults_of(lambda server: [behaviour(server)], streams=streams, refusals=refusals)


def _of_streams(**fields: Any) -> Fault:
    return lambda server: set_fields(**fields)(server.streams)


_TRANSCRIBE: Mapping[str, Fault] = {
    "slow": _of_streams(delay_s=SLOW_S),
    "stall": _of_streams(mute=True),
    "malformed": _of_streams(malformed="bytes"),
    "403": _of_streams(status=403, code="AccessDeniedException"),
    "429": _of_streams(status=429, code="LimitExceededException"),
    "500": _of_streams(status=500, code="InternalFailureException"),
}
SERVICES: Mapping[str, Offer] = {
    "libretranslate": Offer(
        "LibreTranslate: text comes back as it is, with the language before it",
        8104,
        "http://127.0.0.1:{port}",
        lambda wanted: LibreTranslateStandIn(),
        lambda url, wanted: ["TRANSLATE_ENGINE=libretranslate", f"TRANSLATE_URL={url}"],
        _of_one(lambda server: server.how, streams=False, refusals=(403, 429, 500)),
    ),
    "web-search": Offer(
        "SearXNG (--way serper, tavily: these), which finds the same three pages of a lighthouse",
        8888,
        "http://127.0.0.1:{port}",
        _search,
        _search_settings,
        _of_one(lambda server: server.how, streams=False, refusals=(401, 403, 429, 500)),
        ways=WIRES,
    ),
    "openai": Offer(
        "a server of OpenAI's kind: recogniser, language model and voice",
        8100,
        "http://127.0.0.1:{port}/v1",
        _openai,
        _openai_settings,
        by_stage(
            {
                "stt": _of_one(lambda server: server.stt, streams=False),
                "llm": _of_one(lambda server: server.llm, streams=True),
                "tts": _of_one(lambda server: server.tts, streams=True),
            }
        ),
    ),
    "aws": Offer(
        "Amazon: Bedrock, SageMaker with Whisper, Polly, S3 (--way sagemaker: GPT-SoVITS speaks; "
        "--way transcribe: Transcribe hears)",
        4566,
        "http://127.0.0.1:{port}",
        _aws,
        _aws_settings,
        by_stage(
            {
                "stt": _of_one(lambda s: s.stt, streams=False, refusals=(*_AWS_REFUSALS, 424)),
                "llm": _of_one(lambda s: s.llm, streams=True, refusals=_AWS_REFUSALS),
                "tts": _of_one(lambda s: s.tts, streams=True, refusals=(*_AWS_REFUSALS, 424)),
                "polly": _of_one(lambda s: s.polly, streams=True, refusals=_AWS_REFUSALS),
                "transcribe": _TRANSCRIBE,
            }
        ),
        ways=("polly", "sagemaker", "transcribe"),
    ),
    "gradio": Offer(
        "a Gradio page with SeamlessM4T-v2, MooER, Whisper (--way f5_tts, maskgct: voices)",
        7860,
        "http://127.0.0.1:{port}",
        _gradio,
        _gradio_settings,
        {
            "slow": _scripted(delay_s=SLOW_S),
            "stall": _scripted(hold=True),
            "500": _scripted(error="CUDA out of memory"),
        },
        ways=(*_PRESETS, *_GRADIO_VOICES),
    ),
}
