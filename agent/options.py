"""What a person may set: typed, with a sentence for each field.

Pure data: nothing here reads the environment (`agent.settings.load` does) or imports an engine.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from agent.masking import masked
from agent.metadata import FIELDS
from agent.wording.lexicon import ENGLISH

LOOKUP = "lookup"
"""Under this name the reader of the settings gives, in the context of a validation, what finds the
value of another variable: `Callable[[str], str | None]`."""


class _Masked(BaseModel):
    """Shows itself, in errors and logs too, without passwords in addresses and nested keys."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Mask what pydantic shows."""
        return ((name, masked(value)) for name, value in super().__repr_args__())


class EngineOptions(_Masked):
    """Pure data that an engine is built from; one frozen subclass per engine.

    A field `voice` of a TTS engine is set by `TTS_VOICE`: the stage's prefix and the
    field's name. The unit is part of the name (`_s`, `_ms`, `_hz`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


def setting(
    default: Any,
    description: str,
    *,
    fallback: str | None = None,
    empty: bool = False,
    of_all: bool = False,
    **limits: Any,
) -> Any:
    """Declare a field that a person may set.

    Args:
        default: value when nothing is set; `...` makes the setting mandatory.
        description: one sentence for `playground.env.example` and error messages.
        fallback: another variable whose value is used when this one is not set,
            for example `OPENAI_BASE_URL`.
        empty: whether a variable set to nothing means the empty text; elsewhere it counts as
            not set.
        of_all: whether the stage's own name, such as `STT_LANGUAGE`, sets it for all engines of
            a list: what is so of the caller, whoever listens. Other settings, addresses and keys
            before all, are set so for the first engine that has them.
        limits: pydantic constraints (`ge`, `le`, `pattern`, …).
    """
    extra: dict[str, Any] = {"fallback": fallback or "", "empty": empty, "of_all": of_all}
    return Field(default, description=description, json_schema_extra=extra, **limits)


class _Section(_Masked):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _server_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"ws", "wss", "http", "https"} and parts.port != 0
    except ValueError:
        parts, known = urlsplit(""), False
    if not (known and parts.hostname) or any(character.isspace() for character in url):
        raise PydanticCustomError(
            "address", "should be an address such as ws://127.0.0.1:7880 or wss://HOST"
        )
    return url


_ServerAddress = Annotated[str, AfterValidator(_server_address)]


_BCP47 = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)


def _language(value: object) -> str:
    code = str(value).strip().replace("_", "-")
    if code.lower() in ("", "auto"):
        return ""
    if not _BCP47.fullmatch(code):
        raise ValueError("not a language code such as en, zh or pt-BR; auto: detect it")
    return code


Language = Annotated[str, BeforeValidator(_language)]
"""A spoken language: a BCP-47 code as it was given; `auto` and nothing both become empty."""


class LiveKitOptions(_Section):
    """Which LiveKit server the worker registers with, and how a local one is found."""

    url: _ServerAddress | None = setting(
        None, "ws:// or wss:// address of the LiveKit server; empty: the demo starts one"
    )
    api_key: str | None = setting(None, "API key of that server")
    api_secret: SecretStr | None = setting(None, "API secret of that server")
    server_bin: Path | None = setting(
        None, "path of a livekit-server binary that the demo and the tests use"
    )
    server_base_url: str | None = setting(
        None,
        "folder on a web server that livekit-server's release archive is fetched from; "
        "empty: the official one",
        pattern=r"^https?://",
    )


JobMode = Literal["call", "captions", "interpret"]


class AgentOptions(_Section):
    """How the worker presents itself."""

    mode: JobMode = setting(
        "call",
        "what a job does whose metadata say nothing; call: talk with one person; captions: write "
        "what everybody says, in all languages that are wanted; interpret: say it too, to each in "
        "the language that they hear",
    )
    name: str = setting(
        "", "explicit dispatch only, under this name; empty: joins every new room by itself"
    )
    greeting: str = setting(
        ENGLISH.greeting,
        "first words of a call, spoken at once, by default in the language of STT_LANGUAGE or the "
        "voice; empty: the caller speaks first",
        empty=True,
    )
    back_text: str = setting(
        ENGLISH.back,
        "said in the greeting's place by a job that takes over the call of one that died, in the "
        "same language; empty: nothing",
        empty=True,
    )
    return_s: float = setting(
        30.0,
        "how long a call waits for a caller whose connection was lost, seconds; livekit-server "
        "closes a room that its last caller has left for 20 s (its departure_timeout)",
        ge=0,
        le=600,
    )
    goodbye_s: float = setting(
        5.0,
        "the same when the client said that it leaves: a page that is loaded again says so too; "
        "at most AGENT_RETURN_S",
        ge=0,
        le=600,
    )
    typed_chars: int = setting(
        4000, "longest typed message that is answered, characters", ge=100, le=100_000
    )
    features: str = setting(
        "",
        "comma list of modules of your own that go along with each call and are told what happens "
        "in it (agent.call.features)",
    )
    max_calls: int = setting(
        0, "calls this worker takes at once; 0: as many as the processor load allows", ge=0
    )
    isolation: Literal["process", "thread"] = setting(
        "process",
        "process: each call in its own, none can take another with it; "
        "thread: all in one, half the memory when idle, an eighth per call, on one core",
    )
    idle_processes: int = setting(
        2, "processes (or threads) kept ready, models loaded, for the next calls", ge=0, le=64
    )
    health_host: str = setting("127.0.0.1", "address of the worker's health page")
    health_port: int = setting(
        8081, "TCP port of the worker's health page; 0 takes a free one", ge=0, le=65535
    )
    drain_timeout_s: int = setting(
        3600, "time that running calls are given to end after SIGTERM, seconds", ge=0
    )


class TurnOptions(_Section):
    """When the caller's turn is over and when the agent stops."""

    min_speech_s: float = setting(
        0.05, "voiced audio before speech is declared, seconds", ge=0.03, le=1.0
    )
    eagerness: Literal["auto", "eager", "pauses", "patient"] = setting(
        "auto",
        "latency against engine requests; eager: recognise while the caller speaks and begin the "
        "answer at the first dip of the voice; pauses: recognise and begin at each pause; patient: "
        "only when the turn seems over; auto: eager with a recogniser of your own, else pauses",
    )
    min_silence_s: float = setting(
        0.6, "silence that ends a turn when the words tell nothing, seconds", ge=0.1, le=3.0
    )
    min_delay_s: float = setting(
        0.25, "least silence that ends a turn, seconds: words that are surely complete", ge=0, le=5
    )
    max_delay_s: float = setting(
        1.2, "silence that ends a turn in the middle of a sentence, seconds", ge=0.1, le=10
    )
    model: Literal["none", "v1-mini"] = setting(
        "none",
        "end-of-turn model that shortens or lengthens the wait by how the voice sounds; v1-mini: "
        "the one in livekit-agents, on this machine, 14 languages, 110 MB more per process",
    )
    vad_threshold: float = setting(0.5, "speech probability that counts as speech", gt=0, lt=1)
    barge_in: bool = setting(True, "whether speaking over the agent stops it")
    barge_in_min_s: float = setting(
        0.1,
        "least speech over the agent that can stop it, seconds; shorter sounds are noise",
        ge=0.03,
        le=2.0,
    )


class StageOptions(_Section):
    """What every engine of a stage shares."""

    engine: str = setting(
        "auto",
        "engine of this stage, or a list of them, first choice first; auto: see the first line of "
        "the section",
    )
    timeout_s: float = setting(
        6.0, "longest wait for the engine's first answer to a request, seconds", gt=0, le=120
    )
    max_retries: int = setting(
        1,
        "further tries after a failure that may pass; in a list the next engine is asked instead, "
        "and only the last one again",
        ge=0,
        le=5,
    )


Hedging = Literal["auto", "on", "off"]
_HEDGE = (
    "a second, equal request when the first takes longer than nineteen of twenty did; the first "
    "answer counts; auto: to hosted engines, not to those of your own"
)


class SpeechToTextOptions(StageOptions):
    """Speech to text. auto: openai when a URL or key is set, else whisper."""

    hedge: Hedging = setting("auto", _HEDGE)


class ModelOptions(StageOptions):
    """Language model. auto: openai when a URL or key is set, else handbook."""

    instructions: str = setting(
        "You are a voice assistant on a phone call. Answer in one to three short spoken "
        "sentences, without lists, markdown or emoji.",
        "system prompt",
    )
    timeout_s: float = setting(
        10.0, "longest wait for the first token of a reply, seconds", gt=0, le=120
    )
    stall_s: float = setting(
        5.0,
        "longest wait for the next word once a reply has begun, seconds; then its rest is given up "
        "and the caller is told",
        gt=0,
        le=120,
    )
    history_chars: int = setting(
        24_000,
        "how much of the conversation the model is sent, characters (a token is about four in "
        "English, one in Chinese); the oldest turns are left out first",
        ge=1000,
        le=10_000_000,
    )
    hedge: Hedging = setting("auto", _HEDGE)
    filler: str = setting(
        ENGLISH.filler,
        "what is said when a reply is slow to begin, in the same language; empty: nothing",
        empty=True,
    )
    filler_after_s: float = setting(
        3.0, "wait for the first token after which the filler is said, seconds", gt=0, le=60
    )


class TextToSpeechOptions(StageOptions):
    """Text to speech. auto: openai when a URL or key is set, else espeak."""


class TranslateOptions(StageOptions):
    """Translation, for captions. auto: libretranslate when a URL is set, else none."""


def _languages(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [code for code in (_language(part) for part in value.split(",")) if code]


Languages = Annotated[tuple[str, ...], BeforeValidator(_languages)]
"""BCP-47 codes, in a variable with commas between them."""


def _voices(value: object) -> object:
    if not isinstance(value, str):
        return value
    found: dict[str, list[str]] = {}
    for entry in filter(None, (part.strip() for part in value.split(","))):
        language, equals, voice = (part.strip() for part in entry.partition("="))
        if not (equals and voice):
            raise PydanticCustomError("voices", "should be a comma list of language=voice")
        tag = language if language == "*" else _language(language)
        found.setdefault(tag, []).append(voice)
    return found


Voices = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_voices)]
"""Names of voices by BCP-47 code, in a variable as `pt=dora,pt=alex,*=nova`."""


class InterpretOptions(_Section):
    """Captions and interpreting: what everybody says, in other languages (docs/interpreter.md)."""

    spoken: Language = setting(
        "",
        "language that people speak who say nothing else, for example zh; empty: STT_LANGUAGE, or "
        "what the recogniser finds",
    )
    to: Languages = setting(
        (),
        "languages that are wanted, for example pt,zh; those that people in the room ask for come "
        "on top",
    )
    voices: Voices = setting(
        {},
        "voices of TTS_ENGINE for each language, comma list of language=voice, several of one for "
        "several speakers, for example pt=pf_dora,pt=pm_alex,*=nova; * is any language, {language} "
        "in a name its tag; the embedded voice speaks the others",
    )
    cloning: Literal["off", "ask"] = setting(
        "off",
        "whether people may be interpreted in their own voice; ask: who asks for it and says aloud "
        "that they agree, with a TTS_ENGINE that speaks like a recording it is sent: fish_speech, "
        "cosyvoice, f5_tts, maskgct",
    )
    glossary: Path | None = setting(
        None,
        "file with a line `term = translation` for each term, or `term` alone for what stays as it "
        "is; for TRANSLATE_ENGINE=llm",
    )


class RecordOptions(_Section):
    """The flight recorder: a file for each call, or interpreted room, to look at and to replay."""

    record: Literal["off", "events", "audio"] = setting(
        "off",
        "what is kept of each call, and of each captioned or interpreted room, in a file of its "
        "own (docs/recording.md); events: levels, decisions, times, and all words of all sides; "
        "audio: their sound too, which the greeting then says, and in a room a notice to each",
    )
    folder: Path | None = setting(
        None,
        "folder of the recordings, readable by the worker's user alone; empty: recordings in the "
        "user's state folder",
    )
    max_mb: float = setting(
        64.0,
        "largest file of one call or room, megabytes; the rest of a longer one is left out. An "
        "hour of a call takes about 10 without sound, 250 with it; of a room's track 1.5 and 100",
        gt=0,
        le=10_000,
    )
    notice: str = setting(
        ENGLISH.recorded,
        "added to the greeting with RECORD=audio, and shown to each person in a room; when not "
        "set, in the language of the call, or of that person",
        empty=True,
    )

    @field_validator("notice")
    @classmethod
    def _said(cls, notice: str, info: ValidationInfo) -> str:
        if not notice.strip() and info.data.get("record") == "audio":
            raise PydanticCustomError(
                "notice", "must not be empty with RECORD=audio: the caller is to know of it"
            )
        return notice


class PriceOptions(_Section):
    """What engines cost: a table that you can edit (docs/costs.md)."""

    file: Path | None = setting(
        None,
        "TOML file of prices of your own, which count before those that come with the package",
    )
    told: bool = setting(
        True,
        "whether clients in the room are told what the call costs; the log and a recording have it "
        "in any case",
    )


def _job_fields(names: str) -> str:
    wrong = {name.strip() for name in names.split(",") if name.strip()} - set(FIELDS)
    if wrong:
        raise PydanticCustomError("fields", f"should be a comma list of {', '.join(FIELDS)}")
    return names


class TalkOptions(_Section):
    """The web server of the talk page and the token endpoint."""

    host: str = setting("127.0.0.1", "address to listen on; beyond loopback a secret is demanded")
    port: int = setting(8100, "TCP port; 0 takes a free one", ge=0, le=65535)
    secret: SecretStr | None = setting(
        None, "shared secret that a token request must carry as `Authorization: Bearer …`"
    )
    trusted_header: str | None = setting(
        None, "header set by your own proxy that names the signed-in user, for example X-User"
    )
    allowed_origins: str = setting(
        "", "comma list of other web origins that may ask for tokens; * for all; empty: none"
    )
    shared_rooms: bool = setting(
        False,
        "whether a client may join any room whose name it knows; otherwise a room that it names "
        "gets an ending of its own, and only who opened it comes back to it",
    )
    job_fields: Annotated[str, AfterValidator(_job_fields)] = setting(
        "",
        "comma list of what clients may ask of their call in its metadata (docs/room-protocol.md): "
        f"{', '.join(FIELDS)}; instructions are the system prompt; empty: nothing",
    )
    token_ttl_s: int = setting(600, "life of a join token, seconds", ge=30, le=86400)
    tokens_per_minute: int = setting(30, "token requests per client address", ge=1, le=10000)
    agent_wait_s: float = setting(
        6.0,
        "time for an agent to join a room before it is dispatched again, seconds; LiveKit lists an "
        "accepted job up to 5 s late, so less has no effect",
        gt=0,
        le=60,
    )
    public_url: _ServerAddress | None = setting(
        None, "LiveKit address given to browsers, when it differs from LIVEKIT_URL"
    )
