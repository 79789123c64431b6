"""What a person may set for this voice, by `TTS_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import SecretStr, ValidationInfo, field_validator

from agent.options.fields import EngineOptions, Language, setting
from agent.tts.gpt_sovits.languages import code_of

Dialect = Literal["auto", "api_v2", "api"]
Version = Literal["v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4"]
_RATES_HZ: Mapping[Version, int] = {"v3": 24000, "v4": 48000}
_USUAL_HZ = 32000


class Options(EngineOptions):
    """Where the server is, whose voice it has, and how it works."""

    url: str = setting(
        "http://127.0.0.1:9880", "address of api_v2.py or api.py", pattern=r"^https?://"
    )
    api_key: SecretStr | None = setting(
        None, "bearer token, for a proxy before the server; GPT-SoVITS itself has none"
    )
    dialect: Dialect = setting(
        "auto", "which of its two programs the server is; auto: it is asked once"
    )
    voices: Path | None = setting(
        None,
        "file of cloned voices, TOML (docs/cloned-voices.md); empty: the server's own recording, "
        "which api.py alone can have",
    )
    voice: str = setting("", "name of a voice in that file; empty: the first one")
    model_version: Version = setting(
        "v2Pro",
        "version of the server's model, v1 to v4: its rate (v3: 24000 Hz, v4: 48000, the others "
        "32000) and its languages",
    )
    language: Language = setting(
        "",
        "language that is spoken, BCP-47: zh, yue, en, ja or ko; empty: by the text, or as a voice "
        "of the file says",
        of_all=True,
    )
    language_alone: bool = setting(
        False, "whether no English words are in it: all_zh in place of zh, all_ja of ja"
    )
    streaming_mode: int = setting(
        1,
        "api_v2: 0: whole pieces; 1: one after the other; 2 and 3: while a piece is made, 3 "
        "soonest and worst; api.py streams as it was started (-sm normal)",
        ge=0,
        le=3,
    )
    media_type: Literal["wav", "raw", "ogg"] = setting(
        "wav",
        "api_v2: form of the answer; wav says at which rate it is, raw is taken to have that of "
        "TTS_MODEL_VERSION",
    )
    split_method: Literal["cut0", "cut1", "cut2", "cut3", "cut4", "cut5"] = setting(
        "cut0",
        "api_v2: how the server cuts texts once more; cut0: not, they are cut to clauses and "
        "sentences; cut5: at every punctuation mark",
    )
    cut_punctuation: str | None = setting(
        None, "api.py: the marks it cuts at, for example ,.?!，。？！; empty: as it was started"
    )
    pause_s: float = setting(
        0.3,
        "api_v2: silence after a sentence, seconds; a clause is followed by 0.05 at most. "
        "api.py: 0.3 after everything",
        ge=0.01,
        le=2,
    )
    speed: float = setting(1.0, "speaking speed; 1 is the voice's own", ge=0.25, le=4)
    seed: int = setting(-1, "api_v2: of the random numbers; -1: another one each time", ge=-1)
    top_k: int = setting(15, "sampling: from so many of the likeliest", ge=1, le=1000)
    top_p: float = setting(1.0, "sampling: from this share of the likelihood", gt=0, le=1)
    temperature: float = setting(1.0, "sampling: liveliness", gt=0, le=2)
    repetition_penalty: float = setting(1.35, "api_v2: against stuttering", ge=0, le=3)
    sample_steps: int = setting(32, "steps of v3 and v4; fewer are quicker: 4, 8, 16, 32", ge=1)
    super_sampling: bool = setting(False, "whether v3 is brought to 48000 Hz")
    one_at_a_time: Literal["auto", "on", "off"] = setting(
        "auto",
        "whether requests of all calls wait for each other, as two recordings at the same time "
        "can mix in the server; auto: when the file has several voices",
    )
    stall_s: float = setting(
        8.0, "longest pause of the server in the middle of its answer, seconds", gt=0, le=120
    )

    @property
    def sample_rate_hz(self) -> int:
        """Samples per second that the model makes."""
        if self.model_version == "v3" and self.super_sampling:
            return 48000
        return _RATES_HZ.get(self.model_version, _USUAL_HZ)

    @field_validator("language")
    @classmethod
    def _spoken(cls, language: str, info: ValidationInfo) -> str:
        code_of(language, version=info.data.get("model_version", "v2Pro"))
        return language
