"""What a person may set for this recogniser, by `STT_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from typing import Literal

from agent.options.fields import EngineOptions, setting
from agent.stt.language import Language

EMBEDDED = "embedded"
"""Name of the Whisper model that a package carries."""

Device = Literal["auto", "cpu", "cuda"]


class Options(EngineOptions):
    """Which model, and where it runs."""

    model: str = setting(
        EMBEDDED,
        f"{EMBEDDED}: the included tiny.en; else a folder with a converted model, a size such "
        "as small, or owner/name on the Hugging Face hub",
        min_length=1,
    )
    device: Device = setting("auto", "cpu, cuda, or auto: cuda where there is one")
    compute_type: Literal[
        "auto",
        "default",
        "int8",
        "int8_float16",
        "int8_float32",
        "int8_bfloat16",
        "int16",
        "float16",
        "bfloat16",
        "float32",
    ] = setting("auto", "number format; auto: the quickest that the device knows")
    cpu_threads: int = setting(
        0, "processor threads; 0: as many as there are cores, at most 4", ge=0, le=256
    )
    language: Language = setting(
        "", "spoken language, BCP-47, for example zh or pt-BR; empty: detected", of_all=True
    )
    task: Literal["transcribe", "translate"] = setting(
        "transcribe", "transcribe: write what is said; translate: write it in English", of_all=True
    )
    prompt: str = setting("", "names and words to expect, in the spoken language", of_all=True)
