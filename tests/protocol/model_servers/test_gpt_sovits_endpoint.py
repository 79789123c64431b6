"""The container behind SageMaker: what deploys it, and the engine that speaks through it."""

import asyncio
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from livekit.agents import APIError

from agent.remote.openai_errors import reason_of
from agent.tts.sagemaker import engine as sagemaker
from agent.tts.sagemaker.options import Options
from agent.tts.served.voice import ServedVoice
from model_servers.gpt_sovits.deploy.__main__ import main
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.aws_server import AwsStandIn
from rejoinder.stand_ins.aws_server.sagemaker import SageMaker
from tests.fakes.aws_thread import aws_apart, environment
from tests.protocol.model_servers.sovits_container import (
    ANNA,
    WORDS,
    Container,
    container,
    recording,
    said,
)
from tests.protocol.tts.contract import ONCE, audio, audio_until_error

pytestmark = [pytest.mark.timeout(120), pytest.mark.idle]

NAME = "my-sovits"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/gpt-sovits:1"
ROLE = "arn:aws:iam::123456789012:role/sovits"
CREATE = ("create", NAME, "--image", IMAGE, "--role", ROLE)
VOICES = """\
[anna]
audio = "s3://voices/anna.wav"
text = "This is what I say."
language = "en"
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    with aws_apart() as amazon, container(amazon, tmp_path_factory.mktemp("sovits")) as one:
        yield one


@pytest.fixture
def amazon(running: Container, aws: pytest.MonkeyPatch) -> AwsStandIn:
    """AWS for this process too, with nothing deployed yet."""
    for name, value in environment(running.amazon).items():
        aws.setenv(name, value)
    standin = running.amazon
    standin.sagemaker = SageMaker()
    standin.endpoints.pop(NAME, None)
    standin.containers = {NAME: running.url, "sovits": running.url}
    return standin


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return capsys


class TestDeploy:
    def test_an_endpoint_is_made_speaks_and_is_taken_away(
        self, amazon: AwsStandIn, output: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        data = "s3://models/model.tar.gz"
        settings = ("--set", "SERVE_GPT_SOVITS_VERSION=v4", "--model-data", data)
        assert main([*CREATE, *settings, "--poll-s", "0"]) == 0
        said_so = output.readouterr().out
        assert "Creating after 0 s" in said_so
        assert "InService after" in said_so
        assert f"TTS_ENDPOINT={NAME}\nAWS_REGION=eu-west-1" in said_so
        made = amazon.sagemaker.made
        holder = made["Model"][NAME]["PrimaryContainer"]
        assert holder["Image"] == IMAGE
        assert holder["ModelDataUrl"] == data
        assert holder["Environment"] == {"SERVE_GPT_SOVITS_VERSION": "v4"}
        (variant,) = made["EndpointConfig"][NAME]["ProductionVariants"]
        assert variant["InstanceType"] == "ml.g5.xlarge"
        assert variant["ContainerStartupHealthCheckTimeoutInSeconds"] >= 600
        assert variant["InferenceAmiVersion"].startswith("al2-ami-sagemaker-inference-gpu")

        file = tmp_path / "speech.wav"
        asked = ("--text", "one two", "--out", str(file), "--reference", "s3://voices/anna.wav")
        assert main(["invoke", NAME, *asked, "--reference-text", "This is what I say."]) == 0
        assert "at 32000 Hz, the first of it after" in output.readouterr().out
        with wave.open(str(file)) as wav:
            assert said(wav.readframes(wav.getnframes())) == [ANNA, "one", "two"]
            assert wav.getnframes() * 2 + 44 == file.stat().st_size

        assert main(["delete", NAME]) == 0
        assert not any(made.values())
        assert main(["delete", NAME]) == 0
        assert output.readouterr().out.count("there is none") == 3

    def test_a_dry_run_says_what_it_would_ask_and_what_it_costs_and_asks_nothing(
        self, amazon: AwsStandIn, output: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        prices = tmp_path / "prices.toml"
        prices.write_text('[eu-west-1]\n"ml.g5.2xlarge" = 1.5\n')
        more = ("--instance", "ml.g5.2xlarge", "--count", "2", "--prices", str(prices), "--dry-run")
        assert main([*CREATE, *more]) == 0
        told = output.readouterr().out
        assert "2 × ml.g5.2xlarge in eu-west-1: 3.000 USD per hour until it is deleted" in told
        for operation in ("create_model", "create_endpoint_config", "create_endpoint"):
            assert f"{operation} {{" in told
        assert main([*CREATE, "--dry-run"]) == 0
        assert "unknown: see https://aws.amazon.com/" in output.readouterr().out
        assert main(["delete", NAME, "--dry-run"]) == 0
        assert main(["invoke", NAME, "--dry-run"]) == 0
        assert not amazon.sagemaker.asked

    def test_what_was_made_is_taken_back_when_the_rest_is_refused(
        self, amazon: AwsStandIn, output: pytest.CaptureFixture[str]
    ) -> None:
        limit = "The account-level service limit 'ml.g5.xlarge for endpoint usage' is 0 Instances"
        amazon.sagemaker.refused["CreateEndpoint"] = (400, "ResourceLimitExceeded", limit)
        assert main(list(CREATE)) == 1
        assert limit in output.readouterr().err
        assert not any(amazon.sagemaker.made.values())

    def test_an_endpoint_that_fails_says_why_and_where_its_log_is(
        self, amazon: AwsStandIn, output: pytest.CaptureFixture[str]
    ) -> None:
        amazon.sagemaker.states = ["Creating", "Failed"]
        amazon.sagemaker.failure = "The primary container did not pass the ping health check."
        assert main([*CREATE, "--poll-s", "0"]) == 1
        told = output.readouterr().err
        assert "did not pass the ping health check" in told
        assert f"/aws/sagemaker/Endpoints/{NAME}" in told

    def test_waiting_ends_and_can_be_gone_on_with(
        self, amazon: AwsStandIn, output: pytest.CaptureFixture[str]
    ) -> None:
        amazon.sagemaker.states = ["Creating", "Creating", "Creating", "InService"]
        assert main([*CREATE, "--timeout-s", "0", "--poll-s", "0"]) == 1
        assert "is still Creating" in output.readouterr().err
        assert main(["invoke", NAME]) == 1
        assert "is Creating" in output.readouterr().err
        assert main(["wait", NAME, "--poll-s", "0"]) == 0
        assert main(["wait", "nobody", "--poll-s", "0"]) == 1
        assert "there is no endpoint nobody" in output.readouterr().err

    def test_an_endpoint_that_is_being_made_is_waited_for_before_it_is_deleted(
        self, amazon: AwsStandIn, output: pytest.CaptureFixture[str]
    ) -> None:
        assert main([*CREATE, "--no-wait"]) == 0
        assert main(["delete", NAME, "--timeout-s", "0", "--poll-s", "0"]) == 1
        assert "is still Creating" in output.readouterr().err
        assert all(amazon.sagemaker.made.values())
        assert main(["delete", NAME, "--poll-s", "0"]) == 0
        assert not any(amazon.sagemaker.made.values())

    def test_an_endpoint_whose_making_was_not_answered_is_not_left_unsaid(
        self, amazon: AwsStandIn, output: pytest.CaptureFixture[str]
    ) -> None:
        amazon.sagemaker.refused["CreateEndpoint"] = (400, "RequestExpired", "too late")
        amazon.sagemaker.loses_answers = True
        assert main(list(CREATE)) == 1
        assert f"there is an endpoint {NAME}" in output.readouterr().err
        assert all(amazon.sagemaker.made.values())

    @pytest.mark.parametrize("fault", ["cut", "nowhere"])
    def test_a_stream_that_breaks_is_one_line(
        self, amazon: AwsStandIn, output: pytest.CaptureFixture[str], tmp_path: Path, fault: str
    ) -> None:
        assert main([*CREATE, "--poll-s", "0"]) == 0
        voice = ("--reference", "s3://voices/anna.wav", "--reference-text", "a")
        text = "one. broken." if fault == "cut" else "one"
        if fault == "cut":
            del amazon.containers[NAME]
            amazon.endpoints[NAME] = ""
            amazon.tts.cut_after = 1
        file = tmp_path / ("x.wav" if fault == "cut" else "nowhere/x.wav")
        try:
            assert main(["invoke", NAME, "--text", text, *voice, "--out", str(file)]) == 1
        finally:
            amazon.tts.cut_after = None
        assert output.readouterr().err.startswith("deploy: ")

    def test_what_the_container_refuses_is_told(
        self, amazon: AwsStandIn, output: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        assert main([*CREATE, "--poll-s", "0"]) == 0
        assert main(["invoke", NAME, "--out", str(tmp_path / "x.wav")]) == 1
        told = output.readouterr().err
        assert "the container answers 400" in told
        assert "refer_wav_path is missing" in told

    def test_wrong_arguments_are_explained(
        self, amazon: AwsStandIn, output: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        for setting, reason in (
            ("VERSION=v4", "it must be SERVE_GPT_SOVITS_"),
            ("SERVE_GPT_SOVITS_VERSION", "it must be SERVE_GPT_SOVITS_"),
            ("SERVE_GPT_SOVITS_VERSOIN=v4", "did you mean SERVE_GPT_SOVITS_VERSION?"),
            ("SERVE_GPT_SOVITS_VERSION=v5", "SERVE_GPT_SOVITS_VERSION=v5"),
        ):
            assert main([*CREATE, "--set", setting, "--dry-run"]) == 1
            assert reason in output.readouterr().err
        bad = tmp_path / "prices.toml"
        bad.write_text('[eu-west-1]\n"ml.g5.xlarge" = "cheap"\n')
        assert main([*CREATE, "--prices", str(bad), "--dry-run"]) == 1
        assert "must be USD per hour" in output.readouterr().err

    def test_it_needs_boto3_alone(self) -> None:
        code = (
            "import sys, runpy; sys.modules['starlette'] = sys.modules['pydantic'] = None; "
            "sys.argv = ['deploy', 'create', 'a', '--image', 'b', '--role', 'c', '--dry-run', "
            "'--set', 'SERVE_GPT_SOVITS_VERSION=v4']; "
            "runpy.run_module('model_servers.gpt_sovits.deploy', run_name='__main__')"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")

    async def test_its_help_names_the_commands(self) -> None:
        command = (sys.executable, "-m", "model_servers.gpt_sovits.deploy", "--help")
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        told, _ = await process.communicate()
        assert process.returncode == 0
        assert all(name in told.decode() for name in ("create", "wait", "invoke", "delete"))


class TestEngine:
    """`TTS_ENGINE=sagemaker` and this container understand each other."""

    @pytest.fixture
    async def inline(self, amazon: AwsStandIn, tmp_path: Path) -> AsyncIterator[ServedVoice]:
        engine = await asyncio.to_thread(self.engine, tmp_path)
        yield engine
        await engine.aclose()

    @pytest.fixture
    async def stored(self, amazon: AwsStandIn, tmp_path: Path) -> AsyncIterator[ServedVoice]:
        more = {"mode": "s3", "output_s3uri": "s3://speech/out/", "cut_punctuation": "."}
        engine = await asyncio.to_thread(self.engine, tmp_path, **more)
        yield engine
        await engine.aclose()

    @pytest.fixture
    async def short(self, amazon: AwsStandIn, tmp_path: Path) -> AsyncIterator[ServedVoice]:
        voices = VOICES.replace("anna.wav", "short.wav")
        engine = await asyncio.to_thread(self.engine, tmp_path, voices)
        yield engine
        await engine.aclose()

    def engine(self, folder: Path, voices: str = VOICES, **options: str) -> ServedVoice:
        file = folder / "voices.toml"
        file.write_text(voices)
        base = {"endpoint": "sovits", "voices": file}
        return sagemaker.build(Options.model_validate(base | options))

    @staticmethod
    async def words(engine: ServedVoice, text: str) -> list[str | int]:
        samples, rate_hz = await audio(engine, text)
        found = tones.heard(samples, rate_hz=rate_hz)
        return [WORDS[index] if index < len(WORDS) else index for index, _, _ in found]

    async def test_samples_are_heard(self, inline: ServedVoice) -> None:
        assert await self.words(inline, "one two three") == [ANNA, "one", "two", "three"]

    async def test_files_are_heard_in_order(self, stored: ServedVoice) -> None:
        heard = await self.words(stored, "one two. three. four.")
        assert [word for word in heard if word != ANNA] == ["one", "two", "three", "four"]

    async def test_a_recording_that_is_refused_is_explained(
        self, short: ServedVoice, amazon: AwsStandIn
    ) -> None:
        amazon.objects["voices/short.wav"] = recording(ANNA, length_s=2.1)
        with pytest.raises(APIError) as caught:
            await audio(short, "one")
        assert "2.1 s long; GPT-SoVITS takes 3 to 10 s" in reason_of(caught.value)

    async def test_a_voice_that_fails_later_is_an_error(self, stored: ServedVoice) -> None:
        seconds, failure = await audio_until_error(stored, "one two. broken.", ONCE)
        assert isinstance(failure, APIError)
        # What was heard of it is not said a second time; the failure may be quicker than the sound.
        assert seconds == 0 or not failure.retryable
