"""From settings to processes: what the demo starts, and what each process is told."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.errors import ConfigError, EngineUnavailable
from agent.options.agent import AgentOptions, JobMode
from agent.options.fields import EngineOptions
from agent.options.livekit import LiveKitOptions
from agent.options.stages import ModelOptions
from agent.options.turns import TurnOptions
from agent.options.web import TalkOptions
from agent.settings.load import Settings, StageChoice, Value
from model_servers.llm.settings import ChatSettings
from rejoinder.demo import own_servers
from rejoinder.demo.interpreting import check_interpreting
from rejoinder.demo.livekit_config import Keys
from rejoinder.demo.own_servers import check_chat, whisper_beside_a_worker
from rejoinder.demo.plan import LocalLiveKit, Plan, Ports, make_plan

PORTS = Ports(livekit=1, media=2, metrics=3, whisper=4, tts=5, llm=8, translate=9, worker=6, talk=7)
LOCAL = LocalLiveKit(Path("/opt/livekit-server"), "1.13.5", Keys("APIkey", "secret"))
ELSEWHERE = LiveKitOptions(
    url="wss://live.example.org", api_key="k", api_secret=SecretStr("s"), server_bin=None
)
EMBEDDED = "embedded: no X_URL, OPENAI_BASE_URL or OPENAI_API_KEY"


class WhisperOptions(EngineOptions):
    model: str = "embedded"
    device: str = "auto"
    compute_type: str = "auto"
    cpu_threads: int = 0


class EspeakOptions(EngineOptions):
    voice: str = "en-us"
    rate_wpm: int = 175


class OpenAIOptions(EngineOptions):
    model: str = "gpt-mini"


def choice(engine: str, why: str = EMBEDDED, options: EngineOptions | None = None) -> StageChoice:
    return StageChoice(engine, options or EngineOptions(), why, 6.0, 1)


def settings(
    *,
    livekit: LiveKitOptions | None = None,
    talk: TalkOptions | None = None,
    stt: StageChoice | None = None,
    tts: StageChoice | None = None,
    llm: StageChoice | None = None,
    agent: AgentOptions | None = None,
    values: tuple[Value, ...] = (),
) -> Settings:
    return Settings(
        livekit=livekit or LiveKitOptions(),
        agent=agent or AgentOptions(),
        turn=TurnOptions(),
        talk=talk or TalkOptions(),
        stt=(stt or choice("whisper", options=WhisperOptions()),),
        llm=(llm or choice("handbook"),),
        tts=(tts or choice("espeak", options=EspeakOptions()),),
        reply=ModelOptions(),
        values=values,
        notes=(),
    )


def plan(
    chosen: Settings,
    environ: dict[str, str] | None = None,
    *,
    chat: bool = False,
    mode: JobMode = "call",
) -> Plan:
    local = None if chosen.livekit.url else LOCAL
    return make_plan(
        chosen,
        ports=PORTS,
        environ=environ or {},
        local=local,
        chat=chat,
        mode=mode,
        python="python",
    )


def env_of(made: Plan, name: str) -> dict[str, str]:
    return dict(next(part for part in made.parts if part.name == name).env)


OPENAI_STT = choice("openai", "STT_URL is set", OpenAIOptions(model="large"))
OPENAI_TTS = choice("openai", "OPENAI_BASE_URL is set", OpenAIOptions(model="kokoro"))
WHISPER_ASKED = choice("whisper", "STT_ENGINE=whisper")
ESPEAK_ASKED = choice("espeak", "TTS_ENGINE=espeak")
ALL = ("livekit-server", "whisper", "tts", "web", "worker")


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (settings(), ALL),
        (settings(stt=OPENAI_STT), ("livekit-server", "tts", "web", "worker")),
        (settings(tts=OPENAI_TTS), ("livekit-server", "whisper", "web", "worker")),
        (settings(stt=OPENAI_STT, tts=OPENAI_TTS), ("livekit-server", "web", "worker")),
        (settings(livekit=ELSEWHERE), ("whisper", "tts", "web", "worker")),
        (
            settings(livekit=ELSEWHERE, stt=OPENAI_STT, tts=OPENAI_TTS),
            ("web", "worker"),
        ),
        (settings(stt=WHISPER_ASKED), ("livekit-server", "tts", "web", "worker")),
        (settings(tts=ESPEAK_ASKED), ("livekit-server", "whisper", "web", "worker")),
    ],
    ids=[
        "nothing set",
        "STT elsewhere",
        "TTS elsewhere",
        "STT and TTS elsewhere",
        "LiveKit elsewhere",
        "all elsewhere",
        "whisper in the worker's process was asked for",
        "espeak in the worker was asked for",
    ],
)
def test_only_what_the_settings_need_is_started(chosen: Settings, names: tuple[str, ...]) -> None:
    assert plan(chosen).names == names


def test_the_worker_and_the_web_server_are_pointed_at_what_was_started() -> None:
    made = plan(settings())
    for name in ("web", "worker"):
        env = env_of(made, name)
        assert env["LIVEKIT_URL"] == "ws://127.0.0.1:1"
        assert (env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"]) == ("APIkey", "secret")
        assert (env["STT_ENGINE"], env["STT_URL"]) == ("openai", "http://127.0.0.1:4/v1")
        assert (env["TTS_ENGINE"], env["TTS_URL"]) == ("openai", "http://127.0.0.1:5/v1")
    assert env_of(made, "worker")["AGENT_HEALTH_PORT"] == "6"
    assert env_of(made, "web")["TALK_PORT"] == "7"
    assert made.talk_url == "http://127.0.0.1:7/"


def test_what_a_person_configured_reaches_the_children_unchanged() -> None:
    environ = {"STT_URL": "http://gpu:1/v1", "LIVEKIT_URL": "wss://live.example.org", "X": "y"}
    made = plan(settings(livekit=ELSEWHERE, stt=OPENAI_STT), environ)
    env = env_of(made, "worker")
    assert env["STT_URL"] == "http://gpu:1/v1"
    assert "STT_ENGINE" not in env
    assert env["LIVEKIT_URL"] == "wss://live.example.org"
    assert "LIVEKIT_API_SECRET" not in env, "the children read the person's own"
    assert env["X"] == "y"


def person(*names: str) -> tuple[Value, ...]:
    return tuple(Value(name, "…", "environment") for name in names)


def test_a_model_set_for_whisper_is_served_and_named() -> None:
    chosen = settings(
        stt=choice("whisper", options=WhisperOptions(model="small", device="cuda")),
        values=person("STT_MODEL", "STT_DEVICE"),
    )
    made = plan(chosen, {"STT_MODEL": "small", "STT_DEVICE": "cuda"})
    server = env_of(made, "whisper")
    assert (server["SERVE_WHISPER_MODEL"], server["SERVE_WHISPER_DEVICE"]) == ("small", "cuda")
    assert "SERVE_WHISPER_COMPUTE_TYPE" not in server
    assert server["SERVE_WHISPER_PAGE"] == "false"
    assert env_of(made, "worker")["STT_MODEL"] == "small"


@pytest.mark.parametrize(("cores", "threads"), [(1, "1"), (2, "1"), (4, "2"), (64, "4")])
def test_a_transcription_leaves_half_of_the_cores_to_the_next_and_to_the_voice(
    cores: int, threads: str
) -> None:
    env = whisper_beside_a_worker(cores)
    assert (env["SERVE_WHISPER_CPU_THREADS"], env["SERVE_WHISPER_CONCURRENCY"]) == (threads, "2")


def test_the_servers_own_settings_win_and_their_keys_reach_the_worker() -> None:
    environ = {
        "SERVE_WHISPER_MODEL": "medium",
        "SERVE_WHISPER_API_KEY": "w",
        "SERVE_WHISPER_PAGE": "true",
        "SERVE_TTS_API_KEY": "t",
    }
    chosen = settings(
        stt=choice("whisper", options=WhisperOptions(model="small")), values=person("STT_MODEL")
    )
    made = plan(chosen, environ)
    assert env_of(made, "whisper")["SERVE_WHISPER_MODEL"] == "medium"
    assert env_of(made, "whisper")["SERVE_WHISPER_PAGE"] == "true"
    worker = env_of(made, "worker")
    assert worker["STT_MODEL"] == "medium"
    assert (worker["STT_API_KEY"], worker["TTS_API_KEY"]) == ("w", "t")


@pytest.mark.parametrize(
    ("voice", "asked"),
    [
        ("de", "de"),
        ("de+f3", "espeak:de+f3"),
        ("espeak:fr-fr", "espeak:fr-fr"),
        ("fr_FR-siwis-medium", "fr_FR-siwis-medium"),
        ("af_heart", "af_heart"),
    ],
)
def test_a_voice_is_asked_for_by_the_name_that_the_server_knows(voice: str, asked: str) -> None:
    chosen = settings(
        tts=choice("espeak", options=EspeakOptions(voice=voice)), values=person("TTS_VOICE")
    )
    worker = env_of(plan(chosen), "worker")
    assert (worker["TTS_VOICE"], worker["TTS_MODEL"]) == (asked, asked)


def test_an_espeak_that_was_tuned_stays_in_the_worker() -> None:
    chosen = settings(
        tts=choice("espeak", options=EspeakOptions(rate_wpm=120)), values=person("TTS_RATE_WPM")
    )
    made = plan(chosen)
    assert "tts" not in made.names
    assert "TTS_ENGINE" not in env_of(made, "worker")


def test_only_livekit_server_gets_no_settings_of_the_person() -> None:
    environ = {"PATH": "/bin", "LIVEKIT_KEYS": "a: b", "NODE_IP": "8.8.8.8", "OPENAI_API_KEY": "k"}
    env = env_of(plan(settings(), environ), "livekit-server")
    assert set(env) == {"PATH", "LIVEKIT_CONFIG"}
    config = json.loads(env["LIVEKIT_CONFIG"])
    assert config["port"] == 1
    assert config["keys"] == {"APIkey": "secret"}
    assert config["rtc"]["udp_port"] == 2
    assert config["rtc"]["stun_servers"] == ["127.0.0.1:9"]
    assert config["prometheus"] == {"port": 3}


def test_the_worker_waits_for_the_local_server_and_the_rest_starts_at_once() -> None:
    made = plan(settings())
    assert {part.name: tuple(part.after) for part in made.parts if part.after} == {
        "worker": ("livekit-server",)
    }
    assert not any(part.after for part in plan(settings(livekit=ELSEWHERE)).parts)


@pytest.mark.parametrize(("origin", "kept"), [("default", False), ("environment", True)])
def test_the_demo_changes_worker_settings_only_where_nobody_set_them(
    origin: str, kept: bool
) -> None:
    values = (Value("AGENT_MAX_CALLS", "7", origin),)
    env = env_of(plan(settings(values=values), {"AGENT_MAX_CALLS": "7"}), "worker")
    assert env["AGENT_MAX_CALLS"] == ("7" if kept else "4")


@pytest.mark.parametrize(
    ("environ", "persona"),
    [
        ({}, "guide"),
        ({"PERSONAS_DEFAULT": "mentor"}, "mentor"),
        ({"AGENT_GREETING": "Hi."}, None),
        ({"DOCUMENTS": "/srv/pages"}, None),
    ],
)
def test_the_guide_answers_where_nobody_has_said_who_does(
    environ: dict[str, str], persona: str | None
) -> None:
    for name in ("web", "worker"):
        assert env_of(plan(settings(), environ), name).get("PERSONAS_DEFAULT") == persona


def test_a_model_of_ones_own_is_nobody_but_itself() -> None:
    made = plan(settings(llm=choice("openai", "LLM_URL is set", OpenAIOptions())))
    assert "PERSONAS_DEFAULT" not in env_of(made, "worker")


def test_the_table_says_what_serves_each_stage_and_why() -> None:
    made = plan(settings(llm=choice("openai", "LLM_URL is set", OpenAIOptions())))
    assert [(stage.name, stage.serves, stage.why) for stage in made.stages] == [
        ("STT", "our Whisper server · whisper-tiny.en", EMBEDDED),
        ("LLM", "openai · gpt-mini", "LLM_URL is set"),
        ("TTS", "our TTS server · en_US-hibari-heart", EMBEDDED),
    ]


@pytest.mark.parametrize("given", ["", "intra.example.org", "127.0.0.1,intra.example.org"])
def test_a_proxy_is_never_asked_for_this_machine(given: str) -> None:
    environ = {"http_proxy": "http://proxy:3128"} | ({"no_proxy": given} if given else {})
    env = env_of(plan(settings(), environ), "worker")
    for name in ("NO_PROXY", "no_proxy"):
        assert {"127.0.0.1", "localhost"} <= set(env[name].split(","))
    assert env["http_proxy"] == "http://proxy:3128"
    assert set(filter(None, given.split(","))) <= set(env["no_proxy"].split(","))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:7/"),
        ("0.0.0.0", "http://127.0.0.1:7/"),
        ("::", "http://127.0.0.1:7/"),
        ("::1", "http://[::1]:7/"),
        ("192.0.2.1", "http://192.0.2.1:7/"),
    ],
)
def test_the_printed_address_can_be_opened(host: str, url: str) -> None:
    assert plan(settings(talk=TalkOptions(host=host))).talk_url == url


def test_no_secret_is_on_a_command_line() -> None:
    for part in plan(settings()).parts:
        assert "secret" not in " ".join(part.argv)


def test_chat_starts_the_language_model_and_points_the_worker_at_it() -> None:
    made = plan(settings(), chat=True)
    assert made.names == ("livekit-server", "whisper", "tts", "llm", "web", "worker")
    server = env_of(made, "llm")
    assert server["SERVE_LLM_INSTRUCTIONS"] == ModelOptions().instructions
    worker = env_of(made, "worker")
    assert (worker["LLM_ENGINE"], worker["LLM_URL"]) == ("openai", "http://127.0.0.1:8/v1")
    assert worker["LLM_TIMEOUT_S"] == "30"
    assert ("Language model", "http://127.0.0.1:8") in made.model_servers
    assert made.stages[1].serves == "our language model's server · qwen2.5-0.5b"


def test_chat_keeps_a_context_for_each_call_that_the_worker_takes() -> None:
    made = plan(settings(), chat=True)
    assert env_of(made, "llm")["SERVE_LLM_CONCURRENCY"] == env_of(made, "worker")["AGENT_MAX_CALLS"]
    two = settings(agent=AgentOptions(max_calls=2), values=person("AGENT_MAX_CALLS"))
    assert env_of(plan(two, chat=True), "llm")["SERVE_LLM_CONCURRENCY"] == "2"


@pytest.mark.parametrize("environ", [{}, {"SERVE_LLM_CONTEXT_TOKENS": "2048"}])
def test_the_history_of_a_chat_fits_into_the_servers_context(environ: dict[str, str]) -> None:
    worker = env_of(plan(settings(), environ, chat=True), "worker")
    server = ChatSettings()
    context = int(environ.get("SERVE_LLM_CONTEXT_TOKENS", server.context_tokens))
    said = int(worker["LLM_HISTORY_CHARS"]) + len(ModelOptions().instructions)
    assert said == 2 * (context - server.max_tokens), "two characters for a token: see there"


def test_what_a_person_set_for_the_language_model_holds() -> None:
    environ = {
        "SERVE_LLM_MODEL": "/models/my-model.gguf",
        "SERVE_LLM_INSTRUCTIONS": "You are a parrot.",
        "SERVE_LLM_API_KEY": "sesame",
    }
    chosen = settings(values=person("LLM_TIMEOUT_S", "LLM_HISTORY_CHARS"))
    made = plan(chosen, environ, chat=True)
    assert env_of(made, "llm")["SERVE_LLM_INSTRUCTIONS"] == "You are a parrot."
    worker = env_of(made, "worker")
    assert (worker["LLM_MODEL"], worker["LLM_API_KEY"]) == ("my-model", "sesame")
    assert "LLM_TIMEOUT_S" not in worker
    assert "LLM_HISTORY_CHARS" not in worker


def test_chat_is_refused_beside_a_language_model_that_was_chosen() -> None:
    chosen = settings(llm=choice("openai", "LLM_URL is set", OpenAIOptions()))
    with pytest.raises(ConfigError, match=r"LLM_URL is set.*leave --chat out"):
        check_chat(chosen)


def test_chat_without_its_package_says_which_command_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_servers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match="uv sync --inexact --extra server-llm"):
        check_chat(settings())


def test_interpreting_starts_the_translation_server_and_a_recogniser_of_many_languages() -> None:
    made = plan(settings(), mode="interpret")
    assert (made.page, plan(settings()).page) == ("Meeting page", "Talk page")
    assert made.names == ("livekit-server", "whisper", "tts", "translate", "web", "worker")
    assert env_of(made, "whisper")["SERVE_WHISPER_MODEL"] == "base"
    worker = env_of(made, "worker")
    assert worker["AGENT_MODE"] == env_of(made, "web")["AGENT_MODE"] == "interpret"
    assert worker["TRANSLATE_URL"] == "http://127.0.0.1:9"
    assert worker["STT_MODEL"] == "base"
    assert worker["INTERPRET_VOICES"] == "en=en_US-hibari-heart"
    assert env_of(made, "web")["TALK_SHARED_ROOMS"] == "true"


def test_captions_speak_with_no_voice_of_their_own() -> None:
    assert "INTERPRET_VOICES" not in env_of(plan(settings(), mode="captions"), "worker")


def test_what_a_person_set_for_interpreting_stays() -> None:
    chosen = {"SERVE_WHISPER_MODEL": "small", "INTERPRET_VOICES": "*=nova"}
    made = plan(settings(), chosen, mode="interpret")
    assert env_of(made, "worker")["STT_MODEL"] == "small"
    assert env_of(made, "worker")["INTERPRET_VOICES"] == "*=nova"


def test_a_call_starts_no_translation_server() -> None:
    made = plan(settings())
    assert "translate" not in made.names
    assert "TALK_SHARED_ROOMS" not in env_of(made, "web")


def test_interpreting_without_its_package_says_which_command_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match="--extra server-translate"):
        check_interpreting(settings())
