"""Engine `transcribe`, a server that speaks Transcribe's websocket, and our recogniser on top."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APIStatusError, stt
from pydantic import SecretStr

from agent.audio import pcm
from agent.costs.meter import Meter
from agent.errors import ConfigError, EngineUnavailable
from agent.remote.aws.accounts import SEARCH_THREAD
from agent.remote.openai_errors import reason_of
from agent.settings import load
from agent.stt.transcribe import engine as transcribe
from agent.stt.transcribe import stream
from agent.stt.transcribe.engine import TranscribeSpeechToText
from agent.stt.transcribe.options import Options
from agent.turns import streaming
from agent.turns.stream_delays import StreamDelays
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.aws_server import AwsStandIn, TranscribeStreams
from rejoinder.stand_ins.aws_server.event_stream import event_frame
from rejoinder.stand_ins.aws_server.transcribe_session import LANGUAGES, StreamSession
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.fakes.metering import line_of, metered
from tests.protocol.stt.streaming_contract import (
    FINAL,
    INTERIM,
    StreamingBench,
    StreamingContract,
    Talking,
    talking,
)
from tests.protocol.stt.test_funasr import VOCABULARY, Caller

STABLE = stt.SpeechEventType.PREFLIGHT_TRANSCRIPT
ROLE = "arn:aws:iam::123456789012:role/voice"


class TranscribeBench(StreamingBench):
    words = ("tell", "me", "more")

    def __init__(self, amazon: AwsStandIn, proxy: CutProxy) -> None:
        self.amazon, self.proxy = amazon, proxy
        self.server.hear = tones.timed_words(VOCABULARY)
        self.server.delay_s = self.server.stable_s = 0.03
        self.engine: TranscribeSpeechToText = self.build()

    @property
    def server(self) -> TranscribeStreams:
        return self.amazon.streams

    def build(self, **settings: Any) -> TranscribeSpeechToText:
        return TranscribeSpeechToText(
            Options.model_validate({"endpoint_url": self.proxy.url} | settings)
        )

    async def use(self, **settings: Any) -> None:
        """Go on with an engine of other settings."""
        await self.engine.aclose()
        self.engine = self.build(**settings)

    async def listened(self) -> StreamSession:
        """What the server has seen of a stream in which the words are said."""
        async with talking(self) as talk:
            take(talk, self.speech(16000))
            await self.finish(talk)
        assert talk.fault is None
        assert talk.words == self.words
        return self.server.sessions[-1]

    async def fault(self) -> APIError:
        """How a stream fails in which the words are said."""
        async with talking(self) as talk:
            take(talk, self.speech(16000))
            async with asyncio.timeout(5.0):
                await talk.over.wait()
        assert isinstance(talk.fault, APIError)
        return talk.fault

    def speech(self, rate_hz: int) -> npt.NDArray[np.float32]:
        return np.asarray(pcm.from_s16le(tones.speak([0, 1, 2], rate_hz=rate_hz)), np.float32)

    def slow_down(self) -> None:
        self.server.delay_s = 0.5

    def refuse(self, status: int = 403) -> None:
        codes = {403: "AccessDeniedException", 429: "ThrottlingException"}
        self.server.status, self.server.code = status, codes.get(status, f"Code{status}")

    def fill_up(self) -> None:
        self.server.exception = "LimitExceededException"

    def malform(self) -> None:
        self.server.malformed = "bytes"

    def babble(self) -> None:
        self.server.babbles = "what?"

    def open_sessions(self) -> int:
        return sum(session.outcome == "open" for session in self.server.sessions)


@pytest.fixture
async def bench(amazon: AwsStandIn) -> AsyncIterator[TranscribeBench]:
    async with cut_proxy(amazon.url) as proxy:
        bench = TranscribeBench(amazon, proxy)
        # botocore is imported with the first connection.
        async with talking(bench) as talk:
            await bench.finish(talk)
        bench.server.sessions.clear()
        yield bench
        await bench.engine.aclose()


def take(talk: Talking, samples: npt.NDArray[np.float32]) -> None:
    """Give a stream sound faster than anybody speaks."""
    talk.stream.push_frame(pcm.to_frame(samples, rate_hz=16000))


class TestTranscribe(StreamingContract):
    pass


class TestWords:
    async def test_those_that_stay_are_told_apart_from_those_that_may_change(
        self, bench: TranscribeBench
    ) -> None:
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            await bench.until(lambda: "tell me more." in talk.texts(STABLE))
            assert talk.texts(INTERIM) == ["tell", "tell me", "tell me more."]
            assert talk.texts(FINAL) == []
            await bench.finish(talk)
        assert talk.texts(FINAL) == ["tell me more."]

    async def test_without_stability_none_of_them_is_said_to_stay(
        self, bench: TranscribeBench
    ) -> None:
        await bench.use(stability="off")
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            await talk.is_silent(0.4)
            await bench.finish(talk)
        assert talk.texts(STABLE) == []
        assert talk.words == bench.words
        assert "partial-results-stability" not in bench.server.sessions[0].query

    async def test_a_pause_makes_them_final_and_the_stream_goes_on(
        self, bench: TranscribeBench
    ) -> None:
        async with talking(bench) as talk:
            for number in (1, 2):
                take(talk, bench.speech(16000))
                take(talk, np.zeros(16000, np.float32))
                await bench.until(lambda: len(talk.texts(FINAL)) == number)  # noqa: B023
        assert talk.words == bench.words * 2
        assert len(bench.server.sessions) == 1

    async def test_their_times_are_places_in_the_sound_and_marks_are_theirs(
        self, bench: TranscribeBench
    ) -> None:
        async with talking(bench) as talk:
            take(talk, np.zeros(8000, np.float32))
            take(talk, bench.speech(16000))
            await bench.finish(talk)
        [data] = [event.alternatives[0] for event in talk.events if event.type is FINAL]
        assert [str(word) for word in data.words or ()] == ["tell", "me", "more."]
        ends = [word.end_time for word in data.words or ()]
        assert ends == pytest.approx([0.74, 1.04, 1.34], abs=0.05)
        assert (data.start_time, data.end_time) == pytest.approx((0.5, 1.34), abs=0.05)
        assert talk.events[-1].request_id == bench.server.sessions[0].query["session-id"]

    async def test_words_that_last_longer_than_was_told_are_told_again(
        self, bench: TranscribeBench
    ) -> None:
        bench.server.repeats = True
        bench.server.hear = lambda pcm, rate_hz: [("yes", 0.0, len(pcm) / rate_hz)]
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            await bench.finish(talk)
        told = [event.alternatives[0] for event in talk.events if event.type is INTERIM]
        assert {data.text for data in told} == {"yes"}
        ends = [data.end_time for data in told]
        assert len(ends) > 2
        assert ends == sorted(set(ends))

    async def test_a_language_without_spaces_has_none(self, bench: TranscribeBench) -> None:
        bench.server.hear = tones.timed_words(("今", "天", "好。"))
        await bench.use(language="zh")
        async with talking(bench) as talk:
            take(talk, bench.speech(16000))
            await bench.finish(talk)
        assert talk.texts(FINAL) == ["今天好。"]
        assert talk.events[-1].alternatives[0].language == "zh"

    async def test_a_silent_service_keeps_the_words_that_it_told(
        self, bench: TranscribeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "_ANSWER_S", 0.1)
        async with talking(bench) as talk:
            await talk.speak(bench.speech(16000))
            await bench.until(lambda: "tell me more." in talk.texts(INTERIM))
            bench.server.silent = True
            await bench.finish(talk)
        assert talk.fault is None
        assert talk.texts(FINAL) == ["tell me more."]


class TestConnections:
    async def test_one_that_gets_no_sound_is_ended_and_another_opened_with_the_next(
        self, bench: TranscribeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "PAUSE_S", 0.1)
        meter = Meter()
        bench.engine = metered("stt", bench.engine, meter)
        async with talking(bench) as talk:
            take(talk, bench.speech(16000))
            await bench.until(lambda: len(talk.texts(FINAL)) == 1)
            await bench.until(lambda: bench.open_sessions() == 0)
            assert not talk.over.is_set()
            take(talk, bench.speech(16000)[:1600])
            await bench.until(lambda: bench.open_sessions() == 1)
            take(talk, bench.speech(16000)[1600:])
            await bench.finish(talk)
        assert talk.fault is None
        assert line_of(meter, final=True).used.requests == 2, "each is billed"
        assert talk.words == bench.words * 2
        first, second = bench.server.sessions
        assert first.ended
        assert first.query["session-id"] != second.query["session-id"]
        # Times go on where those of the first one ended.
        last = [event.alternatives[0] for event in talk.events if event.type is FINAL][-1]
        assert last.end_time == pytest.approx(0.9 + 0.84, abs=0.05)

    async def test_one_that_has_lasted_nearly_as_long_as_it_may_is_replaced_between_segments(
        self, bench: TranscribeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "LONGEST_S", 1.0)
        bench.server.longest_s = 4.0
        pause = np.zeros(12800, np.float32)
        async with talking(bench) as talk:
            for number in range(1, 5):
                take(talk, np.concatenate([bench.speech(16000), pause]))
                await bench.until(lambda: len(talk.texts(FINAL)) == number)  # noqa: B023
            await bench.finish(talk)
        assert talk.fault is None
        assert talk.words == bench.words * 4
        assert len(bench.server.sessions) > 1
        heard_s = sum(session.audio_s for session in bench.server.sessions)
        assert heard_s == pytest.approx(4 * 1.7, abs=0.05)

    async def test_a_service_that_goes_on_talking_is_not_listened_to_for_ever(
        self, bench: TranscribeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "_ANSWER_S", 0.3)
        nothing = b'{"Transcript": {"Results": []}}'
        bench.server.babbles = event_frame(("TranscriptEvent", nothing))
        async with talking(bench) as talk:
            await talk.is_silent(0.1)
            async with asyncio.timeout(2.0):
                await bench.finish(talk)
        assert talk.fault is None

    async def test_a_pause_is_not_waited_out_where_nothing_is_to_be_said(
        self, bench: TranscribeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "PAUSE_S", 0.1)
        bench.server.mute = True
        async with talking(bench) as talk:
            await talk.is_silent(0.1)
            assert talk.stream.listening
            async with asyncio.timeout(1.0):
                await bench.until(lambda: bench.open_sessions() == 0)
            assert not talk.stream.listening, "the next sound waits for a connection"
            bench.server.mute = False
            take(talk, bench.speech(16000))
            await bench.finish(talk)
        assert talk.words == bench.words

    async def test_the_end_of_what_one_may_last_may_be_begun_anew(
        self, bench: TranscribeBench
    ) -> None:
        bench.server.longest_s = 0.3
        error = await bench.fault()
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (429, True)

    async def test_a_service_that_waits_no_longer_for_sound_is_told(
        self, bench: TranscribeBench
    ) -> None:
        bench.server.idle_s = 0.05
        async with talking(bench) as talk, asyncio.timeout(3.0):
            await talk.over.wait()
        assert isinstance(talk.fault, APIStatusError)
        assert "no new audio" in reason_of(talk.fault)


class TestWhatIsTold:
    async def test_what_is_set_is_what_the_service_is_told(self, bench: TranscribeBench) -> None:
        await bench.use(
            language="de", vocabulary="known", model="known", stability="medium", region="eu-west-2"
        )
        session = await bench.listened()
        told = {k: v for k, v in session.query.items() if not k.startswith("X-Amz-")}
        assert re.fullmatch(r"[0-9a-f-]{36}", told.pop("session-id"))
        assert told == {
            "language-code": "de-DE",
            "media-encoding": "pcm",
            "sample-rate": "16000",
            "enable-partial-results-stabilization": "true",
            "partial-results-stability": "medium",
            "vocabulary-name": "known",
            "language-model-name": "known",
        }
        assert session.signed_by.endswith("/eu-west-2/transcribe/aws4_request")
        assert session.frames == 18, "50 ms each"

    async def test_it_finds_out_which_of_several_languages_is_spoken(
        self, bench: TranscribeBench
    ) -> None:
        bench.server.language = "fr-FR"
        await bench.use(language_options="en, de, fr", language="de")
        async with talking(bench) as talk:
            take(talk, bench.speech(16000))
            await bench.finish(talk)
        query = bench.server.sessions[0].query
        assert query["language-options"] == "en-US,de-DE,fr-FR"
        assert query["preferred-language"] == "de-DE"
        assert "language-code" not in query
        assert talk.events[-1].alternatives[0].language == "fr-FR"

    async def test_the_likeliest_language_need_not_be_named_with_its_region(
        self, bench: TranscribeBench
    ) -> None:
        await bench.use(language_options="de-CH,fr", language="de")
        assert (await bench.listened()).query["preferred-language"] == "de-CH"
        await bench.use(language_options="de-CH,fr", language="auto")
        assert "preferred-language" not in (await bench.listened()).query

    async def test_a_call_s_own_language_goes_before_the_one_that_is_set(
        self, bench: TranscribeBench
    ) -> None:
        await bench.use(language_options="en,de")
        async with bench.engine.stream(language="ja") as talk:
            talk.push_frame(pcm.to_frame(bench.speech(16000), rate_hz=16000))
            talk.end_input()
            events = [event async for event in talk]
        assert bench.server.sessions[0].query["language-code"] == "ja-JP"
        assert events[-1].alternatives[0].language == "ja"


class TestCredentials:
    async def test_each_connection_is_signed_for_itself(self, bench: TranscribeBench) -> None:
        first, second = await bench.listened(), await bench.listened()
        assert first.signed_by == second.signed_by
        assert first.query["X-Amz-Signature"] != second.query["X-Amz-Signature"]
        assert "X-Amz-Security-Token" not in first.query

    async def test_keys_of_its_own(self, bench: TranscribeBench) -> None:
        await bench.use(access_key_id="AKIDOWN", secret_access_key=SecretStr("nothing"))
        assert (await bench.listened()).signed_by.startswith("AKIDOWN/")

    async def test_those_of_a_role_are_renewed_for_the_next_connection(
        self, bench: TranscribeBench
    ) -> None:
        await bench.use(role_arn=ROLE)
        session = await bench.listened()
        assert session.signed_by.startswith("ASIAROLEEXAMPLE/")
        assert session.query["X-Amz-Security-Token"] == "token"
        await bench.listened()
        assert bench.amazon.roles == [ROLE]
        bench.amazon.role_lasts_s = 60.0
        await bench.use(role_arn=ROLE, region="eu-west-2")
        await bench.listened()
        await bench.listened()
        assert bench.amazon.roles == [ROLE] * 3

    async def test_a_wrong_secret_is_told(self, bench: TranscribeBench) -> None:
        await bench.use(access_key_id="AKIDOWN", secret_access_key=SecretStr("swordfish"))
        error = await bench.fault()
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (403, False)
        assert "AWS_ACCESS_KEY_ID" in str(error)
        assert error.__cause__ is None
        assert bench.server.sessions == []

    async def test_missing_ones_are_told(
        self, bench: TranscribeBench, aws: pytest.MonkeyPatch
    ) -> None:
        aws.delenv("AWS_ACCESS_KEY_ID")
        await bench.use(region="eu-west-3")
        error = await bench.fault()
        assert "AWS_PROFILE" in reason_of(error)
        assert not error.retryable
        aws.setenv("AWS_ACCESS_KEY_ID", "AKIDLATER")
        assert (await bench.listened()).signed_by.startswith("AKIDLATER/")

    async def test_ones_that_do_not_come_are_not_waited_for(self, bench: TranscribeBench) -> None:
        bench.amazon.role_s = 0.5
        engine = bench.build(role_arn=ROLE)
        limits = APIConnectOptions(max_retry=0, timeout=0.1)
        async with engine, engine.stream(conn_options=limits) as talk:
            with pytest.raises(APIConnectionError, match="no AWS credentials"):
                await anext(talk)

    async def test_a_search_that_takes_long_is_one_for_all_and_holds_up_nothing_else(
        self, bench: TranscribeBench
    ) -> None:
        bench.amazon.role_s = 3600.0
        engine = bench.build(role_arn=ROLE)
        limits = APIConnectOptions(max_retry=0, timeout=0.1)

        async def ask() -> None:
            async with engine.stream(conn_options=limits) as talk:
                with pytest.raises(APIConnectionError, match="no AWS credentials"):
                    await anext(talk)

        async with engine:
            await asyncio.gather(*(ask() for _ in range(10)))
            await bench.until(lambda: bench.amazon.roles == [ROLE])
            await ask()
            searches = [t for t in threading.enumerate() if t.name == SEARCH_THREAD]
            assert len(searches) == 1
            assert bench.amazon.roles == [ROLE]
            async with asyncio.timeout(3.0):
                assert await asyncio.to_thread(lambda: "at once") == "at once"

    async def test_a_missing_region_is_told(
        self, bench: TranscribeBench, aws: pytest.MonkeyPatch
    ) -> None:
        aws.delenv("AWS_DEFAULT_REGION")
        await bench.use(access_key_id="AKIDOWN", secret_access_key=SecretStr("nothing"))
        error = await bench.fault()
        assert "AWS_REGION" in reason_of(error)
        assert not error.retryable


class TestFaults:
    @pytest.mark.parametrize(
        ("code", "message", "status", "retryable", "advice"),
        [
            ("BadRequestException", "The requested language", 400, False, "STT_LANGUAGE"),
            ("BadRequestException", "The vocabulary failed", 400, False, "STT_VOCABULARY"),
            ("BadRequestException", "That language model", 400, False, "STT_MODEL"),
            ("LimitExceededException", "Too many streams", 429, True, "Service Quotas"),
            ("InternalFailureException", "Oh", 500, True, "InternalFailure"),
            ("ServiceUnavailableException", "Later", 503, True, "ServiceUnavailable"),
            ("UnrecognizedClientException", "No such", 403, False, "AWS_ACCESS_KEY_ID"),
            ("ExpiredTokenException", "expired", 403, False, "renew"),
            (
                "AccessDeniedException", "not authorized", 403, False,
                "allow transcribe:StartStreamTranscriptionWebSocket",
            ),
            ("UnheardOfException", "Oh", 500, True, "UnheardOf"),
        ],
    )  # fmt: skip
    async def test_an_exception_in_the_midst_says_what_to_do(
        self,
        bench: TranscribeBench,
        code: str,
        message: str,
        status: int,
        retryable: bool,
        advice: str,
    ) -> None:
        bench.server.exception, bench.server.exception_after = code, 3
        bench.server.message = f"{message} swordfish"
        error = await bench.fault()
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (status, retryable)
        assert advice in str(error)
        assert "swordfish" not in f"{error} {error!r}"
        assert "swordfish" in reason_of(error)

    @pytest.mark.parametrize(
        ("status", "code", "retryable"),
        [(403, "", False), (429, "ThrottlingException", True), (500, "", True), (503, "", True)],
    )
    async def test_a_refusal_tells_its_status(
        self, bench: TranscribeBench, status: int, code: str, retryable: bool
    ) -> None:
        bench.server.status, bench.server.code = status, code or f"Code{status}"
        error = await bench.fault()
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (status, retryable)
        assert error.request_id == "stand-in"

    @pytest.mark.parametrize("form", ["bytes", "text", "checksum", "json"])
    async def test_what_is_no_result_is_told_and_not_repeated(
        self, bench: TranscribeBench, form: Any
    ) -> None:
        bench.server.malformed = form
        error = await bench.fault()
        assert "something else than results" in str(error)
        assert "what?" not in f"{error} {error!r}"
        assert not error.retryable

    async def test_a_vocabulary_that_is_not_there_is_told(self, bench: TranscribeBench) -> None:
        await bench.use(vocabulary="other")
        assert "STT_VOCABULARY" in str(await bench.fault())


class TestProbe:
    async def test_it_tells_where_it_listens_and_how_soon_it_answers(
        self, bench: TranscribeBench
    ) -> None:
        said = await transcribe.probe(Options(endpoint_url=bench.proxy.url, language="zh"))
        host = bench.proxy.url.split("/")[2]
        assert re.fullmatch(
            rf"Amazon Transcribe at {host}, zh-CN: streams; heard a tone and ended its stream "
            r"after \d\.\d\d s",
            said,
        )
        [session] = bench.server.sessions
        assert session.audio_s == pytest.approx(0.5, abs=0.001)

    async def test_a_refusal_says_what_to_allow(self, bench: TranscribeBench) -> None:
        bench.refuse()
        with pytest.raises(
            EngineUnavailable, match="does not listen.*transcribe:StartStreamTranscriptionWebSocket"
        ):
            await transcribe.probe(Options(endpoint_url=bench.proxy.url))

    async def test_a_service_that_is_not_there_is_told(self, bench: TranscribeBench) -> None:
        await bench.proxy.die()
        with pytest.raises(EngineUnavailable, match="cannot be reached; see AWS_REGION"):
            await transcribe.probe(Options(endpoint_url=bench.proxy.url))

    @pytest.mark.parametrize("bundle", ["/nonexistent/bundle.pem", "false", "true"])
    async def test_a_file_of_certificates_that_is_none_is_told(
        self, bench: TranscribeBench, aws: pytest.MonkeyPatch, bundle: str
    ) -> None:
        aws.setenv("AWS_CA_BUNDLE", bundle)
        url = bench.proxy.url.replace("http:", "wss:")
        with pytest.raises(EngineUnavailable, match=f"AWS_CA_BUNDLE=/.*{re.escape(bundle[1:])}"):
            await transcribe.probe(Options(endpoint_url=url))

    async def test_a_service_that_says_nothing_is_told(
        self, bench: TranscribeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "_ANSWER_S", 0.1)
        bench.server.mute = True
        with pytest.raises(EngineUnavailable, match="has said nothing, nor ended its stream"):
            await transcribe.probe(Options(endpoint_url=bench.proxy.url))

    async def test_it_is_found_by_the_variables_of_aws(
        self, bench: TranscribeBench, aws: pytest.MonkeyPatch
    ) -> None:
        said = await transcribe.probe(Options())
        assert f"at {bench.amazon.url.split('/')[2]}, en-US" in said
        aws.setenv("AWS_ENDPOINT_URL_TRANSCRIBE_STREAMING", bench.proxy.url)
        said = await transcribe.probe(Options(region="eu-west-2"))
        assert f"at {bench.proxy.url.split('/')[2]}, en-US" in said


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"STT_ENDPOINT_URL": "transcribe.example"}, "STT_ENDPOINT_URL"),
        ({"STT_STABILITY": "highest"}, "STT_STABILITY"),
        ({"STT_LANGUAGE": "chinese"}, "STT_LANGUAGE"),
        ({"STT_LANGUAGE_OPTIONS": "en"}, "two to five"),
        ({"STT_LANGUAGE_OPTIONS": "en-US, en-GB"}, "en once"),
        ({"STT_LANGUAGE_OPTIONS": "en, german"}, "german"),
        ({"STT_LANGUAGE_OPTIONS": "en, de", "STT_MODEL": "mine"}, "STT_MODEL"),
        ({"STT_VOCABULARY": "my words"}, "STT_VOCABULARY"),
        ({"STT_ACCESS_KEY_ID": "A"}, "STT_SECRET_ACCESS_KEY"),
    ],
)
def test_wrong_settings_are_explained(wrong: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(named)):
        load.load(environ={"STT_ENGINE": "transcribe"} | wrong)


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en-US"), ("en-gb", "en-GB"), ("zh", "zh-CN"), ("zh-Hans-CN", "zh-CN"),
        ("yue", "zh-HK"), ("pt", "pt-BR"), ("pt-PT", "pt-PT"), ("de", "de-DE"), ("ja", "ja-JP"),
        ("cmn-Hant-TW", "zh-TW"), ("nb-NO", "no-NO"), ("no", "no-NO"), ("ca", "ca-ES"),
        ("af", "af-ZA"), ("fil", "tl-PH"), ("auto", "en-US"), ("", "en-US"),
    ],
)  # fmt: skip
def test_languages_have_transcribes_codes(tag: str, code: str) -> None:
    assert Options(language=tag).language_code == code


def test_each_language_that_it_streams_is_had_by_its_letters() -> None:
    heard = {code.partition("-")[0] for code in LANGUAGES}
    assert {Options(language=letters).language_code for letters in heard} <= LANGUAGES


@pytest.mark.parametrize("dies", [False, True])
async def test_a_turn_over_the_real_wire(bench: TranscribeBench, dies: bool) -> None:
    caller: Any = Caller(bench)  # type: ignore[arg-type]
    running = asyncio.create_task(caller.listener.run())
    await asyncio.sleep(0.05)
    await caller.says(3, 0)
    if dies:
        await bench.proxy.die()
        await bench.proxy.come_back()
    await caller.says(1, 2)
    await caller.is_silent_until_over()
    running.cancel()
    await asyncio.wait([running])
    finals = [line for line in caller.rest.told if line.startswith("final")]
    assert [line.lower() for line in finals] == ["final_transcript: please tell me more. (en-us)"]
    assert caller.rest.failures == []
    assert len(bench.server.sessions) == 1 + dies
    await bench.until(lambda: bench.open_sessions() == 0)


@pytest.mark.parametrize(("stability", "stay"), [("high", True), ("off", False)])
async def test_a_turn_ends_on_words_that_stay_before_their_segment_is_over(
    bench: TranscribeBench, monkeypatch: pytest.MonkeyPatch, stability: str, stay: bool
) -> None:
    delays = StreamDelays()
    delays.took(*[2.0] * 30)
    monkeypatch.setattr(streaming, "StreamDelays", lambda: delays)
    bench.server.ends_after_s = 60.0
    await bench.use(stability=stability)
    caller: Any = Caller(bench)  # type: ignore[arg-type]
    running = asyncio.create_task(caller.listener.run())
    await asyncio.sleep(0.05)
    await caller.says(3, 0, 1, 2)
    spoken_s = caller._spoken_s
    await caller.is_silent_until_over()
    silence_s = caller._spoken_s - spoken_s
    told = [line.partition(": ")[2].lower() for line in caller.rest.told]
    assert "please tell me more. (en-us)" in told
    assert bench.server.sessions[0].finals_at == []
    assert (silence_s < 1.9) == stay
    running.cancel()
    await asyncio.wait([running])


async def test_the_stand_in_listens_to_what_is_new(bench: TranscribeBench) -> None:
    """It is slower than real time otherwise: silence goes through a call's whole stream."""
    silence = np.zeros(16000, np.float32)
    async with talking(bench) as talk:
        for number in (1, 2):
            take(talk, bench.speech(16000))
            for _ in range(10):
                take(talk, silence)
            await bench.until(lambda: len(talk.texts(FINAL)) == number)  # noqa: B023
        await bench.finish(talk)
    assert talk.words == bench.words * 2
    [session] = bench.server.sessions
    assert session.audio_s == pytest.approx(21.8, abs=0.05)
    assert len(session.sound) <= 3 * 32000
    last = [event.alternatives[0] for event in talk.events if event.type is FINAL][-1]
    assert last.end_time == pytest.approx(10.9 + 0.84, abs=0.05)
