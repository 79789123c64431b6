"""The engine `plugin`: how a class is found, what wrong settings are told, where keys stay."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import livekit.plugins.openai  # noqa: F401 - plug-ins are imported on the main thread
import pytest
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    LanguageCode,
    stt,
)
from livekit.agents.types import NOT_GIVEN, NotGivenOr, TimedString
from livekit.agents.utils import http_context

from agent.call.line_ups import check_recognisers
from agent.errors import ConfigError, EngineUnavailable
from agent.remote.openai_errors import Refused, reason_of
from agent.remote.plugins import classes
from agent.remote.plugins.classes import MODEL, RECOGNISER, VOICE, Kind, find
from agent.remote.plugins.faults import fault_of
from agent.remote.plugins.http_session import HttpSession
from agent.remote.plugins.options import PluginOptions
from agent.remote.plugins.plugin import Plugin
from agent.settings import load as settings
from agent.settings.checking import check_engine
from agent.settings.hosting import is_hosted
from agent.settings.load import Settings
from agent.stt.plugin.recogniser import PluginSpeechToText
from agent.stt.plugin.stream import Times


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(**environ: str) -> Settings:
    return settings.load(environ=environ)


def mistakes(**environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(**environ)
    return str(caught.value).splitlines()


@dataclass
class Tuning:
    """What JSON has no form for."""

    warmth: float
    words: list[tuple[str, float]]


class Ear(stt.STT[str]):
    """Somebody's recogniser, with arguments of many kinds."""

    def __init__(
        self,
        *,
        model: Literal["small", "large"] = "small",
        rate: int = 16000,
        tuning: Tuning | None = None,
        threshold: NotGivenOr[float] = NOT_GIVEN,
        api_key: str = "",
        language: str = "",
        streams: bool = True,
        _private: int = 0,
    ) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(streaming=streams, interim_results=streams)
        )
        if api_key.startswith("bad"):
            raise ValueError(f"{api_key.split()[-1]} is no key; EAR_API_KEY may have one")
        self.given = (model, rate, tuning, threshold, api_key, language)

    async def _recognize_impl(self, *_args: Any, **_more: Any) -> stt.SpeechEvent:
        raise NotImplementedError


class Needy(Ear):
    def __init__(self, *, endpoint: str, **further: Any) -> None:
        super().__init__(**further)


EAR = f"{__name__}.Ear"


def plugin(path: str = EAR, **arguments: Any) -> Plugin:
    return Plugin(RECOGNISER, PluginOptions(plugin=path, plugin_options=arguments))


# Where a class is.


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (RECOGNISER, "openai.STT"),
        (MODEL, "openai.LLM"),
        (VOICE, "livekit.plugins.openai.TTS"),
        (MODEL, "openai.responses.LLM"),
        (RECOGNISER, EAR),
    ],
)
def test_a_class_is_named_below_livekit_plugins_or_from_its_root(kind: Kind, path: str) -> None:
    found = find(kind, path)
    assert isinstance(found, type)
    assert issubclass(found, kind.base)


def test_a_function_that_makes_one_is_as_good() -> None:
    assert find(MODEL, "openai.LLM.with_azure").__name__ == "with_azure"


@pytest.mark.parametrize("path", ["nobody_has.STT", "livekit.plugins.nobody_has.STT"])
def test_a_missing_package_is_told_with_the_command_for_this_version(path: str) -> None:
    version = classes.version("livekit-agents")
    command = f"`uv pip install livekit-plugins-nobody-has=={version}`"
    with pytest.raises(EngineUnavailable, match=f"^STT_PLUGIN={path}: .*{command}$"):
        find(RECOGNISER, path)


def test_the_client_library_of_the_same_name_is_no_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """`openai` is installed with livekit-agents, whose plug-in may be missing."""
    monkeypatch.setitem(sys.modules, "livekit.plugins.openai", None)
    with pytest.raises(EngineUnavailable, match="uv pip install livekit-plugins-openai"):
        find(RECOGNISER, "openai.STT")


def test_a_package_of_one_s_own_that_is_missing_is_told_by_both_names() -> None:
    with pytest.raises(EngineUnavailable, match="neither livekit.plugins.mine nor mine"):
        find(RECOGNISER, "mine.ears.Ear")


def test_what_a_plugin_itself_lacks_is_told(empty_folder: Path) -> None:
    (empty_folder / "needing.py").write_text("import a_package_that_nobody_has\n")
    sys.path.insert(0, str(empty_folder))
    try:
        with pytest.raises(EngineUnavailable, match="it needs a_package_that_nobody_has"):
            find(RECOGNISER, "needing.STT")
    finally:
        sys.path.remove(str(empty_folder))


def test_a_missing_class_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"has no SST; did you mean STT\?; its recognisers: STT"):
        find(RECOGNISER, "openai.SST")


def test_a_class_of_another_stage_is_told_as_such() -> None:
    with pytest.raises(ConfigError, match=r"no recogniser but a voice, set TTS_PLUGIN"):
        find(RECOGNISER, "openai.TTS")
    with pytest.raises(ConfigError, match=r"it has no voice at all"):
        find(VOICE, EAR)


def test_threads_that_a_plugin_opens_at_its_import_are_a_matter_of_each_process(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / "threading_ear.py").write_text(
        "import threading\n"
        "over = threading.Event()\n"
        "threading.Thread(target=over.wait, daemon=True).start()\n"
        f"from {__name__} import Ear\n"
    )
    monkeypatch.syspath_prepend(empty_folder)
    chosen = PluginOptions(plugin="threading_ear.Ear")
    made = Plugin(RECOGNISER, chosen)
    with pytest.raises(ConfigError, match="set STT_PLUGIN_PRELOAD=false"):
        made.check()
    Plugin(RECOGNISER, chosen.model_copy(update={"plugin_preload": False})).check()
    sys.modules["threading_ear"].over.set()


# Its arguments.


def test_arguments_become_what_their_annotations_say() -> None:
    made = plugin(
        rate="8000", tuning={"warmth": 1, "words": [["LiveKit", 2]]}, threshold=0.5, model="large"
    ).make()
    assert made.given[:4] == ("large", 8000, Tuning(1.0, [("LiveKit", 2.0)]), 0.5)


def test_a_newer_name_than_the_plugin_lists_is_left_to_its_service() -> None:
    assert plugin(model="huge").make().given[0] == "huge"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"modle": "small"}, r"takes no 'modle'; did you mean model\?"),
        ({"zzz": 1}, "takes no 'zzz'; it takes api_key, language, model, rate, streams, threshold"),
        ({"rate": "fast"}, "'rate' should be a valid integer"),
        ({"threshold": "high"}, "'threshold' should be a valid number"),
        ({"tuning": {"warmth": 1}}, "'tuning'"),
    ],
)
def test_a_wrong_argument_is_told_with_what_is_right(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plugin(**arguments)


def test_what_it_cannot_do_without_is_told() -> None:
    path = f"{__name__}.Needy"
    with pytest.raises(ConfigError, match="needs 'endpoint'"):
        plugin(path)
    assert plugin(path, endpoint="e", rate=8000).make().given[1] == 8000


def test_a_plugin_that_does_not_want_to_be_made_is_quoted_without_the_secret() -> None:
    environ = {
        "STT_ENGINE": "plugin",
        "STT_PLUGIN": EAR,
        "STT_PLUGIN_OPTIONS": '{"api_key": "bad: ${EAR_KEY}"}',
        "EAR_KEY": "very-secret",
    }
    [choice] = load(**environ).stt
    with pytest.raises(EngineUnavailable, match=r"no key; .*it reads EAR_API_KEY") as caught:
        check_engine("stt", choice)
    assert "secret" not in str(caught.value)


# Its settings.


def test_one_plugin_is_set_by_the_stage_and_those_of_a_list_by_their_names() -> None:
    [alone] = load(STT_ENGINE="plugin", STT_PLUGIN=EAR, STT_PLUGIN_OPTIONS='{"rate": 8000}').stt
    assert alone.options.model_dump()["plugin_options"] == {"rate": 8000}
    near, far, whisper = load(
        STT_ENGINE="plugin:near,plugin:far,whisper",
        STT_NEAR_PLUGIN=EAR,
        STT_NEAR_PLUGIN_OPTIONS='{"rate": 8000}',
        STT_FAR_PLUGIN=EAR,
        STT_LANGUAGE="en",
    ).stt
    assert near.options.model_dump()["plugin_options"] == {"rate": 8000}
    assert far.options.model_dump()["plugin_options"] == {}
    assert {one.options.model_dump()["language"] for one in (near, far, whisper)} == {"en"}
    [first, _] = load(STT_ENGINE="plugin,whisper", STT_PLUGIN=EAR).stt
    assert first.options.model_dump()["plugin"] == EAR


def test_an_error_names_the_settings_of_the_engine_in_its_list() -> None:
    choice, _ = load(
        STT_ENGINE="plugin:dg,whisper", STT_DG_PLUGIN=EAR, STT_DG_PLUGIN_OPTIONS='{"modle": 1}'
    ).stt
    with pytest.raises(ConfigError, match="^STT_DG_PLUGIN_OPTIONS: "):
        check_engine("stt", choice)


def test_a_plugin_must_be_named() -> None:
    assert mistakes(STT_ENGINE="plugin") == ["STT_PLUGIN: Field required"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{not json", "not JSON: "),
        ("[1]", "not a JSON object"),
        ('{"api_key": "${NOWHERE}"}', r"${NOWHERE} is not set, here or in .env"),
    ],
)
def test_options_that_cannot_be_read_are_a_line(text: str, said: str) -> None:
    [line] = mistakes(TTS_ENGINE="plugin", TTS_PLUGIN="x.TTS", TTS_PLUGIN_OPTIONS=text)
    assert line.startswith("TTS_PLUGIN_OPTIONS=")
    assert said in line


def test_a_secret_is_taken_from_the_environment_or_env_file_and_shown_to_nobody(
    empty_folder: Path,
) -> None:
    (empty_folder / ".env").write_text("MINE=from-the-file\n")
    effective = load(
        LLM_ENGINE="plugin",
        LLM_PLUGIN="openai.LLM",
        LLM_PLUGIN_OPTIONS='{"api_key": "${MINE}", "extra_headers": {"x": "Bearer ${MINE}"}}',
    )
    [choice] = effective.llm
    made = Plugin(MODEL, choice.options)  # type: ignore[arg-type]
    assert made.arguments["api_key"] == "from-the-file"
    assert made.arguments["extra_headers"] == {"x": "Bearer from-the-file"}
    shown = " ".join(value.shown for value in effective.values)
    assert "from-the-file" not in f"{shown} {effective!r} {choice.options!r}"
    assert '"api_key": "********"' in shown


def test_a_plugin_is_hosted_unless_its_address_is_near() -> None:
    def hosted(arguments: str) -> bool:
        chosen = load(STT_ENGINE="plugin", STT_PLUGIN=EAR, STT_PLUGIN_OPTIONS=arguments)
        return is_hosted(chosen.stt[0])

    assert hosted("{}")
    assert hosted('{"base_url": "wss://api.deepgram.com/v1/listen"}')
    assert not hosted('{"base_url": "http://127.0.0.1:8080/v1"}')


def test_where_a_plugin_may_stand_in_a_list_is_asked_of_itself() -> None:
    def check(streams: str) -> None:
        arguments = f'{{"streams": {streams}}}'
        check_recognisers(
            load(
                STT_ENGINE="whisper,plugin:ear",
                STT_EAR_PLUGIN=EAR,
                STT_EAR_PLUGIN_OPTIONS=arguments,
            ).stt
        )

    with pytest.raises(ConfigError, match="plugin:ear only streams"):
        check("true")


# What it says of itself, and what is made of it.


def test_one_that_only_promises_whole_utterances_is_not_asked_for_them() -> None:
    assert Ear().capabilities.offline_recognize
    assert not PluginSpeechToText(plugin()).capabilities.offline_recognize


def test_a_nameless_plugin_is_called_as_the_person_called_it() -> None:
    engine = PluginSpeechToText(plugin())
    assert engine.model == EAR
    assert engine.provider == __name__


async def test_its_http_session_is_there_outside_of_a_job_and_closed_with_it() -> None:
    session = HttpSession()
    with pytest.raises(RuntimeError):
        http_context.http_session()
    with session.bound():
        one, two = http_context.http_session(), http_context.http_session()
    assert one is two
    with pytest.raises(RuntimeError):
        http_context.http_session()
    await session.aclose()
    assert one.closed
    await session.aclose()


def result(text: str, start_s: float, end_s: float) -> stt.SpeechData:
    words = [TimedString(text, start_time=start_s, end_time=end_s)]
    return stt.SpeechData(LanguageCode("en"), text, start_s, end_s, words=words)


def test_times_that_begin_anew_in_mid_stream_are_not_believed_any_more() -> None:
    times = Times()
    times.sent(60.0)
    first = result("one", 58.0, 59.0)
    times.look(first, final=True)
    assert first.words
    again = result("two", 0.2, 0.9)
    times.look(again, final=False)
    assert (again.words, again.start_time, again.end_time) == (None, 0.0, 0.0)
    later = result("three", 59.2, 59.9)
    times.look(later, final=True)
    assert later.words is None


def test_times_of_another_clock_are_not_believed() -> None:
    times = Times()
    times.sent(3.0)
    data = result("one", 1_790_000_000.0, 1_790_000_001.0)
    times.look(data, final=False)
    assert data.end_time == 0.0


def test_a_result_without_times_says_nothing_against_the_others() -> None:
    times = Times()
    times.sent(10.0)
    times.look(result("one", 8.0, 9.0), final=True)
    times.look(stt.SpeechData(LanguageCode("en"), "two"), final=False)
    kept = result("three", 9.1, 9.8)
    times.look(kept, final=True)
    assert kept.words


# What goes wrong.


class FromBelow(Exception):
    status = 401
    message = "Invalid response status"


def test_errors_of_any_library_become_those_that_a_call_understands() -> None:
    refused = fault_of(FromBelow("401, url='wss://x?keyterm=secret'"))
    assert isinstance(refused, Refused)
    assert (refused.status_code, refused.retryable) == (401, False)
    assert reason_of(refused) == "Invalid response status"
    assert isinstance(fault_of(TimeoutError()), APITimeoutError)
    closed = fault_of(APIStatusError("closed unexpectedly: secret words", status_code=-1))
    assert closed.retryable
    assert "secret" not in f"{closed} {closed!r}"
    assert "secret words" in reason_of(closed)
    assert not fault_of(ConnectionResetError(), begun=True).retryable
    assert not fault_of(KeyError("text")).retryable
    assert not fault_of(fault_of(KeyError("text"))).retryable


def test_what_stands_behind_an_error_tells_what_it_is() -> None:
    def raised(cause: Exception) -> Exception:
        try:
            raise RuntimeError("the plug-in failed") from cause
        except RuntimeError as error:
            return error

    assert isinstance(fault_of(raised(TimeoutError())), APITimeoutError)
    assert not fault_of(raised(ValueError("no JSON"))).retryable
    assert fault_of(raised(ConnectionResetError())).retryable
    limited = fault_of(raised(APIStatusError("slow down", status_code=429)))
    assert isinstance(limited, Refused)
    assert limited.retryable


def test_no_error_that_is_passed_on_tells_what_stands_behind_it() -> None:
    def passed_on(error: Exception) -> APIError:
        try:
            raise fault_of(error) from error
        except APIError as fault:
            return fault

    for kind in (TimeoutError, FromBelow, ConnectionResetError, KeyError):
        fault = passed_on(kind("wss://x?keyterm=marmalade"))
        assert "marmalade" not in f"{fault} {fault!r}"


def test_of_a_group_of_errors_the_first_one_counts() -> None:
    lasting = APIConnectionError("no such model", retryable=False)
    fault = fault_of(ExceptionGroup("unhandled", [ExceptionGroup("unhandled", [lasting])]))
    assert not fault.retryable
    assert reason_of(fault) == "no such model"


class Choking(Ear):
    """Takes no sound."""

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        return ChokingStream(stt=self, conn_options=conn_options)


class ChokingStream(stt.RecognizeStream):
    async def _run(self) -> None:
        await asyncio.sleep(3600)

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        raise OSError("a pipe is broken")


@pytest.fixture
def choking() -> Plugin:
    """Found before the event loop runs, as a worker's are."""
    return plugin(f"{__name__}.Choking")


async def test_a_stream_whose_plugin_takes_no_sound_fails_at_once(choking: Plugin) -> None:
    engine = await asyncio.to_thread(PluginSpeechToText, choking)
    once = APIConnectOptions(max_retry=0, timeout=5.0)
    async with engine, engine.stream(conn_options=once) as stream:
        stream.push_frame(rtc.AudioFrame.create(16000, 1, 160))
        with pytest.raises(APIConnectionError, match="plug-in broke"):
            async with asyncio.timeout(3.0):
                await anext(stream)
