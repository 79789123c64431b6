"""The worker and its jobs."""

from typing import Literal

from pydantic import SecretStr

from agent.options.fields import Section, setting
from agent.wording.lexicon import ENGLISH

JobMode = Literal["call", "captions", "interpret"]


class AgentOptions(Section):
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
    floor: Literal["first", "free"] = setting(
        "first",
        "whom a call serves when several people are in its room; first: the first one, until they "
        "have gone; free: whoever has taken the turn (`take_turn`), all in one talk",
    )
    silence_s: float = setting(
        0.0,
        "silence after which a caller by page or app is asked whether they are still there, "
        "seconds; after as much again the call ends; 0: never (by telephone: PHONE_SILENCE_S)",
        ge=0,
        le=3600,
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
    watch: bool = setting(
        True,
        "this worker looks at the rooms of all workers of its name, and calls another agent to "
        "callers whose own has died or who waited while all were busy; some 20 requests a second",
    )
    history_url: SecretStr | None = setting(
        None,
        "address of a redis, redis://HOST:PORT/NUMBER or rediss://USER:KEY@HOST:PORT, that keeps "
        "what is said in a call, sealed, until it is over: another agent knows it at once then, "
        "also where livekit-server was lost (docs/survival.md); empty: in the room alone",
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
