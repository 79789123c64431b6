"""What a person may set for this recogniser, by `STT_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, SecretStr, ValidationInfo, field_validator

from agent.options.fields import EngineOptions, setting
from agent.remote.certificates import Verify
from agent.stt.hotwords import Hotwords
from agent.stt.language import Language

_SHORTEST_MS, _LONGEST_MS = 10, 1000
_CHUNK_MS = 60
"""What the middle number of a chunk size counts."""


def _three_numbers(text: str) -> str:
    parts = [part.strip() for part in text.strip("[] ").split(",")]
    if len(parts) != 3 or not all(part.isdecimal() for part in parts) or int(parts[1]) == 0:
        raise ValueError("not three whole numbers such as 5,10,5, the second above 0")
    return ",".join(parts)


class Options(EngineOptions):
    """Which server, and what it is told of the speech."""

    url: str = setting(
        ...,
        "address of FunASR's websocket server, for example wss://127.0.0.1:10095; ws:// if it was "
        "started with --certfile 0",
        pattern=r"^wss?://\S+$",
    )
    protocol: Literal["runtime", "nano"] = setting(
        "runtime",
        "runtime: the C++ server (run_server_2pass.sh) and funasr_wss_server.py, mode 2pass; "
        "nano: the server of Fun-ASR-Nano (realtime_ws.py)",
    )
    verify: Verify = setting(
        "true",
        "whether the certificate of a wss:// server must be trusted; a file: this one is; false: "
        "no, as with the certificate that comes with FunASR",
    )
    api_key: SecretStr | None = setting(
        None, "key for a gateway before the server; FunASR itself asks for none"
    )
    language: Language = setting(
        "",
        "spoken language, BCP-47; the runtime's models have one, Fun-ASR-Nano is told; empty: it "
        "finds out",
        of_all=True,
    )
    hotwords: Hotwords = setting(
        "",
        "words to expect, with a weight where 20 is not right: 阿里巴巴:30, Big Ben; for models "
        "that take hotwords",
        of_all=True,
    )
    itn: bool = setting(True, "whether spoken figures are written in digits")
    rate_hz: int = setting(
        16000, "samples per second that are sent, 8000 or 16000; the models' own is best"
    )
    chunk_size: Annotated[str, AfterValidator(_three_numbers)] = setting(
        "5,10,5",
        "look-back, step and look-ahead of interim words, in 60 ms: 5,10,5 recognises 600 ms at a "
        "time, 8,8,4 480 ms",
    )
    chunk_interval: int = setting(
        10,
        "messages into which a step is cut: 10 sends one every 60 ms at 5,10,5",
        ge=1,
        le=60,
        validate_default=True,
    )

    @property
    def chunks(self) -> list[int]:
        """The three numbers of the chunk size."""
        return [int(part) for part in self.chunk_size.split(",")]

    @property
    def piece(self) -> int:
        """Samples in a message."""
        return self.rate_hz * _CHUNK_MS * self.chunks[1] // (self.chunk_interval * 1000)

    @field_validator("rate_hz")
    @classmethod
    def _that_it_takes(cls, rate_hz: int, info: ValidationInfo) -> int:
        if rate_hz not in (8000, 16000):
            raise ValueError("FunASR takes 8000 or 16000")
        if rate_hz != 16000 and info.data.get("protocol") == "nano":
            raise ValueError("Fun-ASR-Nano takes 16000 alone")
        return rate_hz

    @field_validator("chunk_interval")
    @classmethod
    def _of_a_length(cls, interval: int, info: ValidationInfo) -> int:
        step = int(str(info.data.get("chunk_size", "5,10,5")).split(",")[1])
        piece_ms = _CHUNK_MS * step / interval
        if not _SHORTEST_MS <= piece_ms <= _LONGEST_MS:
            raise ValueError(
                f"messages of {piece_ms:g} ms; {_SHORTEST_MS} to {_LONGEST_MS} ms are possible"
            )
        return interval
