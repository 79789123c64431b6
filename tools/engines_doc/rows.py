"""Which engine, and which way of asking it, a test class shows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agent.settings.engines import TABLES


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One row of a stage's table."""

    stage: str
    engine: str
    way: str


_NAMES: Mapping[str, tuple[str, str]] = {
    "stt/test_failover_streams::TestList": ("a list", "two that stream"),
    "stt/test_funasr_http::TestWrapper": ("funasr_http", "wrapper"),
    "stt/test_gradio_queue::TestGradio45": ("gradio", "Gradio 4.5"),
    "stt/test_gradio_queue::TestGradio6": ("gradio", "Gradio 6"),
    "stt/test_openai_http::TestOpenAI": ("openai", ""),
    "stt/test_plugin_streams::TestDeepgramPlugin": ("plugin", "deepgram"),
    "stt/test_plugin_whole::TestOpenAIPlugin": ("plugin", "openai"),
    "stt/test_transcribe::TestTranscribe": ("transcribe", ""),
    "stt/test_whisper_local::TestWhisper": ("whisper", ""),
    "stt/test_funasr::TestFunASR": ("funasr", ""),
    "llm/test_plugin::TestContract": ("plugin", "openai"),
    "tts/test_chattts::TestContract": ("chattts", "openai_api"),
    "tts/test_chattts::TestContractOfWholeAnswers": ("chattts", "main"),
    "tts/test_f5_socket::TestContract": ("f5_tts", "socket"),
    "tts/test_gpt_sovits::TestContract": ("gpt_sovits", "api_v2"),
    "tts/test_gpt_sovits::TestContractOfTheClassicProgram": ("gpt_sovits", "api"),
    "tts/test_gradio_voices::TestContractOfF5": ("f5_tts", "Gradio"),
    "tts/test_gradio_voices::TestContractOfMaskGCT": ("maskgct", "Gradio"),
    "tts/test_piper::TestContractOverHttp": ("piper", "HTTP"),
    "tts/test_piper::TestContractOverWyoming": ("piper", "Wyoming"),
    "tts/test_plugin::TestContract": ("plugin", "openai"),
}
"""Where a name tells too little."""

_MODULES: Mapping[str, Sequence[tuple[str, str]]] = {
    "tts/test_f5_socket": [("f5_tts", "socket")],
    "tts/test_gradio_voices": [("f5_tts", "Gradio"), ("maskgct", "Gradio")],
}
"""Of which engines a module's functions are, where its name tells too little. With several it is
the one that a parameter or the test's own name names."""
SHARED = frozenset(
    {
        "llm/test_failover", "stt/test_failover", "stt/test_failover_streams", "stt/test_results",
        "stt/test_stand_in_uploads", "tts/test_failover", "tts/test_served_http",
    }
)  # fmt: skip
"""Modules whose functions are of what engines share, and of none."""
WITHOUT_CONTRACT: Mapping[tuple[str, str], str] = {
    ("llm", "handbook"): "no server and no model; `tests/unit/test_handbook*.py`",
    ("translate", "recogniser"): "it asks nobody: what the recogniser wrote is passed on",
}
"""Engines that no contract is inherited for, and what holds them."""


def row_of(file: str, cls: str, test: str = "", params: Sequence[str] = ()) -> Row | None:
    """The row of a test; None: its engine cannot be told by its names."""
    path = PurePosixPath(file)
    stage, module = path.parent.name, path.stem
    if named := _NAMES.get(f"{stage}/{module}::{cls}"):
        return Row(stage, *named)
    if stage not in TABLES:
        return None
    if of := _MODULES.get(f"{stage}/{module}"):
        if len(of) > 1:
            of = [one for one in of if any(one[0] in text for text in (test, *params))]
        return Row(stage, *of[0]) if len(of) == 1 else None
    plain = module.removeprefix("test_")
    engines = [name for name in TABLES[stage] if plain == name or plain.startswith(f"{name}_")]  # type: ignore[index]
    if not engines:
        return None
    way = re.sub(r"^Test(Contract)?", "", cls)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", way).lower()
    return Row(stage, max(engines, key=len), words)


def is_of_none(file: str) -> bool:
    """Whether a module's functions need be of no engine."""
    path = PurePosixPath(file)
    name = f"{path.parent.name}/{path.stem}"
    return name in SHARED or len(_MODULES.get(name, ())) > 1
