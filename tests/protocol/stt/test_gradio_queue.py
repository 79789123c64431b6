import asyncio
import os
import re
import tempfile
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from aiohttp import web
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, APIStatusError
from livekit.agents.stt import SpeechEvent
from pydantic import SecretStr, ValidationError

from agent.audio import pcm
from agent.errors import EngineUnavailable
from agent.remote.openai_errors import reason_of
from agent.stt.gradio import engine as gradio
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.fakes.gradio_process import GradioProcess
from tests.protocol.stt.contract import PATIENT, RETRYING, SPOKEN, RemoteBench, RemoteContract

pytestmark = [
    # A Gradio server takes seconds to start, and the first test pays for it.
    pytest.mark.timeout(60),
    # gradio_client does it, with Gradio 4.5's protocol only.
    pytest.mark.filterwarnings("ignore:Setting per-request cookies:DeprecationWarning"),
]

ASR = {"preset": "m4t_asr", "language": "en"}
SLOW_S = 1.2


class GradioBench(RemoteBench):
    passing = ("model",)
    permanent = ("login",)
    engine: gradio.GradioSpeechToText

    def __init__(self, server: GradioProcess, proxy: CutProxy) -> None:
        self.server = server
        self.proxy = proxy
        self.engines: list[gradio.GradioSpeechToText] = []
        self.engine = self.build()
        self.hurry()

    def build(self, **options: Any) -> gradio.GradioSpeechToText:
        chosen = {"url": self.proxy.url, **ASR, **options}
        engine = gradio.GradioSpeechToText(gradio.Options.model_validate(chosen))
        self.engines.append(engine)
        return engine

    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        t = np.arange(rate_hz // 2) / rate_hz
        return (0.3 * np.sin(2 * np.pi * 300 * t)).astype(np.float32)

    def frame(self) -> rtc.AudioFrame:
        return pcm.to_frame(self.speech(16000), rate_hz=16000)

    def hear_nothing(self) -> None:
        self.server.script(text="")

    def slow_down(self) -> None:
        self.server.script(text=SPOKEN, delay_s=SLOW_S)

    def hurry(self) -> None:
        self.server.script(text=f" {SPOKEN}")

    def fail(self, fault: str, times: int | None = None) -> None:
        if fault == "model":
            self.server.script(text=SPOKEN, error="out of memory", failures=times)
        else:
            self.engine = self.build(url=self.server.locked)

    def malform(self) -> None:
        self.server.script(text=None)

    def requests(self) -> int:
        return len(self.server.calls())

    def uploads(self) -> list[tuple[int, int]]:
        calls = self.server.calls()
        assert {call["channels"] for call in calls} == {1}
        return [(call["rate_hz"], call["samples"]) for call in calls]

    def outcome(self) -> str:
        last = self.server.calls()[-1]["id"]
        for event, outcome in (("ended", "completed"), ("cancelled", "cancelled")):
            if any(call["id"] == last for call in self.server.calls(event)):
                return outcome
        return "open"

    def asked(self) -> list[tuple[str, list[Any]]]:
        return [(call["api"], call["args"]) for call in self.server.calls()]


async def _bench(server: GradioProcess) -> AsyncIterator[GradioBench]:
    async with cut_proxy(server.open) as proxy:
        bench = GradioBench(server, proxy)
        try:
            yield bench
        finally:
            async with asyncio.TaskGroup() as group:
                for engine in bench.engines:
                    group.create_task(engine.aclose())
            server.settle()


class GradioContract(RemoteContract):
    """What holds with both generations, beyond the stage's contract."""

    async def test_the_sound_arrives_unharmed(self, bench: GradioBench) -> None:
        await bench.recognise(rate_hz=48000)
        [call] = bench.server.calls()
        assert call["peak"] == pytest.approx(0.3, abs=0.01)

    async def test_s2tt_is_asked_with_the_names_of_both_languages(self, bench: GradioBench) -> None:
        engine = bench.build(preset="m4t_s2tt", language="zh-CN", target_language="nb")
        event = await engine.recognize(bench.frame(), conn_options=PATIENT)
        assert bench.asked() == [("/s2tt", ["Mandarin Chinese", "Norwegian Bokmål"])]
        [data] = event.alternatives
        assert (data.language, data.source_languages) == ("nb", ["zh-CN"])

    async def test_asr_is_asked_with_the_name_of_the_spoken_language(
        self, bench: GradioBench
    ) -> None:
        engine = bench.build(preset="m4t_s2tt", task="transcribe", language="zh-HK")
        event = await engine.recognize(bench.frame(), conn_options=PATIENT)
        assert bench.asked() == [("/asr", ["Cantonese"])]
        assert event.alternatives[0].language == "zh-HK"

    async def test_a_whisper_server_is_asked_with_a_code(self, bench: GradioBench) -> None:
        for options in ({}, {"language": "pt-BR"}, {"language": "de", "task": "translate"}):
            engine = bench.build(**{"preset": "whisper", "language": "", **options})
            await engine.recognize(bench.frame(), conn_options=PATIENT)
        assert bench.asked() == [
            ("/transcribe", [""]),
            ("/transcribe", ["pt"]),
            ("/translate", ["de"]),
        ]

    async def test_mooer_gives_a_transcript_and_its_translation(self, bench: GradioBench) -> None:
        bench.server.script(text=["今天天气很好。", " It is fine today."])
        for preset, language, text in (
            ("mooer_asr", "zh", "今天天气很好。"),
            ("mooer_ast", "en", "It is fine today."),
        ):
            engine = bench.build(preset=preset, language="zh")
            event = await engine.recognize(bench.frame(), conn_options=PATIENT)
            [data] = event.alternatives
            assert (data.language, data.text) == (language, text)
        assert bench.asked() == [("/mtl_inference", [None])] * 2

    async def test_mooers_silence_is_no_fault_and_the_wrong_task_is_explained(
        self, bench: GradioBench
    ) -> None:
        engine = bench.build(preset="mooer_ast", language="")
        bench.server.script(text=["", ""])
        event = await engine.recognize(bench.frame(), conn_options=PATIENT)
        assert event.alternatives[0].text == ""
        bench.server.script(text=["今天天气很好。", ""])
        with pytest.raises(APIError, match="--task mtl or ast") as caught:
            await engine.recognize(bench.frame(), conn_options=RETRYING)
        assert not caught.value.retryable
        with pytest.raises(APIError, match="MooER knows zh only"):
            await engine.recognize(bench.frame(), language="fr", conn_options=RETRYING)

    async def test_a_language_given_with_the_call_goes_first(self, bench: GradioBench) -> None:
        await bench.engine.recognize(bench.frame(), language="ja", conn_options=PATIENT)
        assert bench.asked() == [("/asr", ["Japanese"])]

    async def test_a_language_that_the_model_lacks_is_refused_here(
        self, bench: GradioBench
    ) -> None:
        with pytest.raises(APIError, match="has no language 'tlh'") as caught:
            await bench.engine.recognize(bench.frame(), language="tlh", conn_options=RETRYING)
        assert not caught.value.retryable
        assert bench.requests() == 0

    async def test_what_the_server_says_of_a_failure_is_told_by_the_check_alone(
        self, bench: GradioBench
    ) -> None:
        bench.fail("model")
        error, _ = await bench.fault()
        assert isinstance(error, APIStatusError)
        assert error.message == "the server's model failed"
        assert reason_of(error) not in f"{error} {error!r}"
        options = gradio.Options.model_validate({"url": bench.proxy.url, **ASR})
        with pytest.raises(EngineUnavailable, match=re.escape(reason_of(error))):
            await gradio.probe(options)

    async def test_a_login_is_used(self, bench: GradioBench) -> None:
        engine = bench.build(url=bench.server.locked, username="user", password=SecretStr("secret"))
        event = await engine.recognize(bench.frame(), conn_options=PATIENT)
        assert event.alternatives[0].text == SPOKEN

    async def test_a_full_queue_is_a_fault_that_may_pass(self, bench: GradioBench) -> None:
        bench.server.script(hold=True)
        engine = bench.build(url=bench.server.tight)

        def start() -> asyncio.Task[SpeechEvent]:
            return asyncio.create_task(engine.recognize(bench.frame(), conn_options=PATIENT))

        running = start()
        await bench.until(lambda: bench.requests() == 1)
        tasks = [running, start(), start()]
        await bench.until(lambda: any(task.done() for task in tasks))
        bench.hurry()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        [refused] = [result for result in results if isinstance(result, BaseException)]
        assert isinstance(refused, APIStatusError)
        assert refused.status_code == 503
        assert refused.retryable

    async def test_no_sound_stays_on_disk(
        self, bench: GradioBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        await bench.recognise()
        assert os.listdir(tmp_path) == []
        bench.fail("model")
        await bench.fault()
        assert os.listdir(tmp_path) == []
        bench.slow_down()
        task = asyncio.create_task(bench.recognise())
        await bench.until(lambda: os.listdir(tmp_path) != [])
        task.cancel()
        await bench.until(lambda: os.listdir(tmp_path) == [])

    async def test_connections_are_kept_between_utterances(self, bench: GradioBench) -> None:
        await bench.recognise()
        first = bench.proxy.connections
        await bench.recognise()
        # Upload, job and event stream; the server's description is not fetched again.
        assert bench.proxy.connections - first <= 3

    async def test_cancelling_the_running_job_spares_the_one_that_waits(
        self, bench: GradioBench
    ) -> None:
        await bench.recognise()
        bench.server.script(text=SPOKEN, delay_s=0.6)
        running = await bench.under_way()
        waiting = asyncio.create_task(bench.recognise())
        await asyncio.sleep(0.3)
        running.cancel()
        assert (await waiting).text == SPOKEN

    async def test_a_job_that_is_cancelled_in_the_queue_never_runs(
        self, bench: GradioBench
    ) -> None:
        await bench.recognise()
        bench.server.script(text=SPOKEN, delay_s=2.0)
        running = await bench.under_way()
        waiting = asyncio.create_task(bench.recognise())
        await asyncio.sleep(0.4)
        waiting.cancel()
        assert (await running).text == SPOKEN
        await asyncio.sleep(0.3)
        assert bench.requests() == 2

    async def test_cancelling_again_and_again_piles_up_no_threads(self, bench: GradioBench) -> None:
        bench.server.script(text=SPOKEN, delay_s=0.15)
        await bench.recognise()
        before = threading.active_count()
        for _ in range(8):
            task = asyncio.create_task(bench.recognise())
            await asyncio.sleep(0.1)
            task.cancel()
        # The engine's own threads and the event loop's, which are made as they are needed.
        pools = 2 * gradio.MAX_CALLS
        await bench.until(lambda: threading.active_count() <= before + pools)
        await bench.engine.aclose()
        await bench.until(lambda: threading.active_count() <= before)

    async def test_the_probe_tells_endpoint_version_and_time(self, bench: GradioBench) -> None:
        options = gradio.Options.model_validate({"url": bench.proxy.url, **ASR})
        said = await gradio.probe(options)
        host = bench.proxy.url.split("/")[2]
        assert said.startswith(f"/asr at {host} (Gradio {bench.server.version}")
        assert ("cannot end a running job" in said) is (bench.server.version == "4.5.0")
        assert bench.requests() == 1

    async def test_the_probe_asks_for_a_login_where_one_is_needed(self, bench: GradioBench) -> None:
        options = gradio.Options.model_validate({"url": bench.server.locked, **ASR})
        with pytest.raises(EngineUnavailable, match="STT_USERNAME"):
            await gradio.probe(options)


class TestGradio6(GradioContract):
    @pytest.fixture
    async def bench(self, gradio6: GradioProcess) -> AsyncIterator[GradioBench]:
        async for bench in _bench(gradio6):
            yield bench

    async def test_a_time_out_ends_the_work_on_the_server(self, bench: GradioBench) -> None:
        await bench.recognise()  # connected: the time is spent on the work
        bench.slow_down()
        await bench.fault(APIConnectOptions(max_retry=0, timeout=0.6))
        await bench.until(lambda: bench.outcome() == "cancelled")

    async def test_the_probe_says_that_no_server_is_there(self, bench: GradioBench) -> None:
        await bench.proxy.die()
        options = gradio.Options.model_validate({"url": bench.proxy.url, **ASR})
        with pytest.raises(EngineUnavailable, match="running, and is STT_URL its address"):
            await gradio.probe(options)

    async def test_another_kind_of_server_is_noticed(
        self, bench: GradioBench, openai_server: OpenAIStandIn
    ) -> None:
        options = gradio.Options.model_validate(
            {"url": openai_server.url.removesuffix("/v1"), **ASR}
        )
        with pytest.raises(EngineUnavailable, match=openai_server.url.removesuffix("/v1")):
            await gradio.probe(options)


class TestGradio45(GradioContract):
    """The generation that the demo pins. It cannot end a job that runs."""

    @pytest.fixture
    async def bench(self, gradio45: GradioProcess) -> AsyncIterator[GradioBench]:
        async for bench in _bench(gradio45):
            yield bench

    async def test_cancelling_ends_the_work_on_the_server(self, bench: RemoteBench) -> None:
        bench.slow_down()
        task = await bench.under_way()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        bench.hurry()
        assert (await bench.recognise()).text == SPOKEN
        assert bench.requests() == 2

    async def test_closing_ends_the_work_on_the_server(self, bench: RemoteBench) -> None:
        bench.slow_down()
        task = await bench.under_way()
        await bench.engine.aclose()
        with pytest.raises(APIError):
            await task

    async def test_a_time_out_is_not_tried_again(self, bench: GradioBench) -> None:
        await bench.recognise()
        bench.slow_down()
        hasty = APIConnectOptions(max_retry=2, retry_interval=0.05, timeout=0.5)
        error, tries = await bench.fault(hasty)
        assert not error.retryable
        assert tries == 1


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"preset": "m4t_asr"}, "name it"),
        ({"preset": "m4t_s2tt", "task": "transcribe"}, "name it"),
        ({"language": "tlh"}, "has no language"),
        ({"target_language": "tlh"}, "has no language"),
        ({"target_language": ""}, "needs a language"),
        ({"preset": "whisper", "target_language": "de"}, "into English only"),
        ({"preset": "mooer_ast", "target_language": "de"}, "into English only"),
        ({"preset": "mooer_ast", "language": "en"}, "MooER translates zh only"),
        ({"preset": "mooer_asr", "language": "fr"}, "MooER transcribes zh and en only"),
        ({"url": "localhost:7860"}, "pattern"),
        ({"url": None}, "valid string"),
    ],
)
def test_impossible_options_are_refused(wrong: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        gradio.Options.model_validate({"url": "http://127.0.0.1:7860", **wrong})


class TestKey:
    """What goes out with the first request. The server is not ready and says so."""

    @pytest.fixture
    async def server(self) -> AsyncIterator[tuple[str, list[str]]]:
        heads: list[str] = []

        async def answer(request: web.Request) -> web.Response:
            heads.append(str(dict(request.headers)).lower())
            return web.Response(status=503)

        app = web.Application()
        app.router.add_get("/{rest:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}", heads
        finally:
            await runner.cleanup()

    async def recognise(self, url: str, key: str | None) -> APIError:
        options = {"url": url, **ASR, "api_key": key}
        async with gradio.GradioSpeechToText(gradio.Options.model_validate(options)) as engine:
            with pytest.raises(APIError) as caught:
                await engine.recognize(
                    pcm.to_frame(np.zeros(1600, np.float32), rate_hz=16000), conn_options=PATIENT
                )
        return caught.value

    async def test_it_is_sent_for_spaces_and_for_other_servers(
        self, server: tuple[str, list[str]]
    ) -> None:
        url, heads = server
        error = await self.recognise(url, "hf_sesame")
        assert "'authorization': 'bearer hf_sesame'" in heads[0]
        assert "'x-hf-authorization': 'bearer hf_sesame'" in heads[0]
        assert error.retryable

    async def test_a_token_stored_on_this_machine_is_not_sent(
        self, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url, heads = server
        monkeypatch.setenv("HF_TOKEN", "hf_stored")
        await self.recognise(url, None)
        assert "hf_stored" not in heads[0]
        assert "authorization" not in heads[0]


def test_the_spoken_language_may_be_unknown_where_the_model_does_not_use_it() -> None:
    options = gradio.Options(url="owner/space")
    assert (options.what, options.language) == ("translate", "")
