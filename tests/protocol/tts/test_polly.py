"""Engine `polly`: real boto3 against a local Polly."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import APIConnectionError, APIStatusError
from pydantic import ValidationError

from agent.errors import EngineUnavailable
from agent.remote.openai_errors import reason_of
from agent.tts.polly import engine as polly
from agent.tts.polly.options import Options
from agent.tts.polly.voices import language_of
from agent.tts.polly.wire import parts_of
from agent.tts.served.voice import ServedVoice
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.aws_server import AwsBehaviour, AwsRequest, AwsStandIn
from tests.protocol.tts.contract import AGAIN, WORDS, SpeechContract, audio
from tests.protocol.tts.served_contract import ServedRig

RATE_HZ = 16000


class PollyRig(ServedRig):
    server: AwsStandIn
    voices = ("Joey", "Amy")

    def __init__(self, server: AwsStandIn) -> None:
        server.usual_voice = "Joey"
        super().__init__(server, self.build())

    def build(self, **options: Any) -> ServedVoice:
        return polly.build(Options.model_validate({"voice": "Joey", **options}))

    @property
    def how(self) -> AwsBehaviour:
        return self.server.polly

    @property
    def requests(self) -> list[AwsRequest]:
        return self.server.of("polly")

    async def saw_the_cancel(self) -> None:
        await super().saw_the_cancel()
        assert self.requests[-1].chunks < len(self.long_text.split()) * tones.WORD_S / 0.05


@pytest.fixture
async def rig(amazon: AwsStandIn) -> AsyncIterator[PollyRig]:
    rig = PollyRig(amazon)
    yield rig
    await rig.engine.aclose()


class TestContract(SpeechContract):
    pass


class TestRequest:
    async def test_samples_are_asked_for_and_text_is_sent_as_text(self, rig: PollyRig) -> None:
        assert await rig.words("<b>one</b> & two") == ["b", "one", "b", "two"]
        assert rig.sent == {
            "Engine": "neural",
            "VoiceId": "Joey",
            "OutputFormat": "pcm",
            "SampleRate": "16000",
            "Text": "<b>one</b> & two",
            "TextType": "text",
        }

    async def test_in_markup_for_another_speed_the_text_is_escaped(self, rig: PollyRig) -> None:
        engine = rig.build(speed=1.25)
        await audio(engine, "<b>one</b> & two")
        await engine.aclose()
        assert rig.sent["TextType"] == "ssml"
        assert rig.sent["Text"] == (
            '<speak><prosody rate="125%">&lt;b&gt;one&lt;/b&gt; &amp; two</prosody></speak>'
        )

    @pytest.mark.parametrize("model", ["standard", "neural", "generative"])
    async def test_a_voice_of_the_language_is_taken(self, rig: PollyRig, model: str) -> None:
        engine = rig.build(voice="", language="de", model=model)
        await audio(engine, "eins zwei")
        await engine.aclose()
        assert (rig.sent["Engine"], rig.sent["VoiceId"]) == (model, "Vicki")
        assert rig.sent["LanguageCode"] == "de-DE"

    async def test_lexicons_are_named(self, rig: PollyRig) -> None:
        engine = rig.build(lexicons="known, known")
        await audio(engine, "one")
        await engine.aclose()
        assert rig.sent["LexiconNames"] == ["known", "known"]

    async def test_requests_share_a_connection_and_engines_do_too(self, rig: PollyRig) -> None:
        await rig.words("one")
        other = rig.build(voice="Amy")
        await audio(other, "two")
        await other.aclose()
        await rig.words("three")
        assert len({request.peer for request in rig.requests}) == 1

    async def test_a_text_above_the_limit_is_said_in_parts(self, rig: PollyRig) -> None:
        sentences = [f"{WORDS}, {n}." for n in range(60)]
        text = " ".join(sentences)
        assert len(text) > 3000
        rig.how.between_s = 0
        samples, _ = await audio(rig.engine, text)
        spoken = sum(len(sentence.split()) for sentence in sentences)
        assert len(samples) / RATE_HZ == pytest.approx(spoken * tones.WORD_S, abs=0.1)
        assert len(rig.requests) == 2


@pytest.mark.parametrize("text", ["a" * 7000, "One. " * 1400, "早上好。" * 1500, "…" * 5000])
def test_parts_are_below_the_limit_and_joined_are_the_text(text: str) -> None:
    parts = parts_of(text)
    assert "".join(parts) == text
    assert all(len(part) <= 3000 for part in parts)


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("zh", "cmn-CN"), ("zh-Hans-CN", "cmn-CN"), ("zh-HK", "yue-CN"), ("yue", "yue-CN"),
        ("en", "en-US"), ("en-GB", "en-GB"), ("EN-au", "en-AU"), ("en-XX", "en-US"),
        ("pt", "pt-BR"), ("pt-PT", "pt-PT"), ("ja", "ja-JP"), ("de", "de-DE"), ("no", "nb-NO"),
    ],
)  # fmt: skip
def test_languages_have_pollys_names(tag: str, code: str) -> None:
    assert language_of(tag) == code


@pytest.mark.parametrize(
    "wrong",
    [{"language": "th"}, {"model": "loud"}, {"speed": 3}, {"lexicons": "a,b,c,d,e,f"}],
)
def test_impossible_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(wrong)


class TestErrors:
    @pytest.mark.parametrize("status", [429, 500, 503])
    async def test_a_passing_refusal_is_tried_again(self, rig: PollyRig, status: int) -> None:
        rig.how.status, rig.how.failures = status, 1
        assert await rig.words("one two", AGAIN) == ["one", "two"]
        assert [r.outcome for r in rig.requests] == ["refused", "completed"]

    async def test_polly_throttles_with_a_status_of_its_own(self, rig: PollyRig) -> None:
        rig.how.status, rig.how.failures = 400, 1
        rig.how.code = "ThrottlingException"
        assert await rig.words("one two", AGAIN) == ["one", "two"]

    @pytest.mark.parametrize("status", [400, 403])
    async def test_a_lasting_refusal_is_not_tried_again(self, rig: PollyRig, status: int) -> None:
        rig.how.status = status
        with pytest.raises(APIStatusError) as caught:
            await audio(rig.engine, "one two", AGAIN)
        assert caught.value.status_code == status
        assert not caught.value.retryable
        assert "stand-in fault" not in f"{caught.value} {caught.value!r}"
        assert "stand-in fault" in reason_of(caught.value)
        assert len(rig.requests) == 1

    async def test_something_that_is_no_speech_is_not_tried_again(self, rig: PollyRig) -> None:
        rig.how.malformed = True
        with pytest.raises(APIConnectionError, match="not speech") as caught:
            await audio(rig.engine, "one two", AGAIN)
        assert not caught.value.retryable

    async def test_a_closed_engine_refuses(self, rig: PollyRig) -> None:
        await rig.engine.aclose()
        with pytest.raises(APIConnectionError) as caught:
            await audio(rig.engine, "one two", AGAIN)
        assert not caught.value.retryable


class TestProbe:
    async def test_it_says_which_voice_answered(self, rig: PollyRig) -> None:
        said = await polly.probe(Options(voice="Ruth", model="generative"))
        assert said.startswith("Polly, generative voice Ruth: first audio after")
        assert "16000 Hz" in said

    async def test_it_says_which_voices_there_are(self, rig: PollyRig) -> None:
        with pytest.raises(EngineUnavailable, match="TTS_MODEL.*has Amy for en-GB"):
            await polly.probe(Options(voice="Joey", model="generative", language="en-GB"))

    async def test_it_says_what_to_do_about_a_lexicon(self, rig: PollyRig) -> None:
        with pytest.raises(EngineUnavailable, match="TTS_LEXICONS"):
            await polly.probe(Options(voice="Joey", lexicons="missing"))

    async def test_it_says_what_to_allow(self, rig: PollyRig) -> None:
        rig.how.status = 403
        with pytest.raises(EngineUnavailable, match="polly:SynthesizeSpeech"):
            await polly.probe(Options(voice="Joey"))
