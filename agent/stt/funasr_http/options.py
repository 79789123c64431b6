"""What a person may set for this recogniser, by `STT_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from typing import Literal

from pydantic import SecretStr

from agent.options.fields import EngineOptions, setting
from agent.remote.certificates import Verify
from agent.stt.hotwords import Hotwords
from agent.stt.language import Language

DialectName = Literal["wrapper", "server", "runtime", "sensevoice"]


class Options(EngineOptions):
    """Which server, and what it is asked for."""

    url: str = setting(
        ...,
        "address of the server, for example http://127.0.0.1:2002",
        pattern=r"^https?://\S+$",
    )
    dialect: Literal["auto"] | DialectName = setting(
        "auto",
        "wrapper: a FastAPI wrapper, /asr with base64 in JSON; server: funasr-server, /asr with an "
        "upload; runtime: FunASR's runtime, /recognition; sensevoice: SenseVoice's api.py, "
        "/api/v1/asr; auto: what the server's /openapi.json says",
    )
    verify: Verify = setting(
        "true",
        "whether the certificate of an https:// server must be trusted; a file: this one is; "
        "false: no",
    )
    api_key: SecretStr | None = setting(
        None, "key for a gateway before the server; FunASR itself asks for none"
    )
    language: Language = setting(
        "",
        "spoken language, BCP-47; of no effect for wrapper and runtime, whose models have one; "
        "empty: the server detects it",
        of_all=True,
    )
    hotwords: Hotwords = setting(
        "", "words to expect, for example 阿里巴巴, Big Ben; for funasr-server alone", of_all=True
    )
    speakers: bool = setting(
        False,
        "whether to ask who speaks and when (time_stamp=1, spk=true), where the server can tell",
    )
    itn: bool = setting(
        True, "whether spoken figures are written in digits; SenseVoice alone leaves the choice"
    )
