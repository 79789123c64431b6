"""Whose credentials a request to AWS carries, what is wrong with them, and how requests end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError
from pydantic import SecretStr, ValidationError

from agent.remote.aws import accounts
from agent.remote.aws.accounts import Account
from agent.remote.aws.clients import CLIENTS, Service
from agent.remote.aws.errors import WIRE_ERRORS, Asked, api_error
from agent.remote.aws.options import AwsOptions
from agent.remote.aws.request_thread import (
    MAX_REQUESTS,
    Reply,
    RequestClosed,
    TooManyRequests,
    pieces,
)
from agent.remote.openai_errors import reason_of
from rejoinder.demo.ports import PortPicker
from rejoinder.stand_ins.aws_server import AwsStandIn
from testbed.waiting import until

ROLE = "arn:aws:iam::123456789012:role/voice"
ASKED = Asked("Polly", "polly:SynthesizeSpeech", "voice Joey", "TTS_VOICE to one that there is")


def ask(client: Any) -> Reply[bytes]:
    request = {"VoiceId": "Joey", "OutputFormat": "pcm", "Text": "one two", "Engine": "neural"}
    return pieces(client.synthesize_speech(**request)["AudioStream"])


def service(**options: Any) -> Service:
    return Service("polly", AwsOptions(**options), provider="Amazon Polly")


async def body(of: Service) -> bytes:
    with of.asked(ask) as answer:
        return b"".join([piece async for piece in answer])


async def failure(of: Service) -> APIError:
    with pytest.raises(WIRE_ERRORS) as caught:
        await body(of)
    return api_error(caught.value, ASKED, retryable=True)


@pytest.fixture
def config(aws: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An ~/.aws/config with two profiles."""
    path = tmp_path / "config"
    path.write_text(
        "[profile work]\nregion = us-east-2\naws_access_key_id = AKIDWORK\n"
        "aws_secret_access_key = nothing\n"
        f"[profile voice]\nregion = us-east-2\nrole_arn = {ROLE}\nsource_profile = work\n"
    )
    aws.setenv("AWS_CONFIG_FILE", str(path))
    # It would go before the profile's.
    aws.delenv("AWS_DEFAULT_REGION")
    return path


class TestAccount:
    async def test_the_environment_is_asked_with(self, amazon: AwsStandIn) -> None:
        assert await body(service())
        assert "AKIDEXAMPLE/" in amazon.requests[0].authorization
        assert "/eu-west-1/polly/" in amazon.requests[0].authorization

    async def test_an_engine_may_have_a_region_and_keys_of_its_own(
        self, amazon: AwsStandIn
    ) -> None:
        own = service(
            region="ap-south-1", access_key_id="AKIDOWN", secret_access_key=SecretStr("s")
        )
        await body(own)
        await body(service())
        assert ["AKIDOWN/" in r.authorization for r in amazon.requests] == [True, False]
        assert "/ap-south-1/polly/" in amazon.requests[0].authorization

    async def test_a_profile_is_read_for_its_engine(self, amazon: AwsStandIn, config: Path) -> None:
        await body(service(profile="work"))
        assert "AKIDWORK/" in amazon.requests[0].authorization
        assert "/us-east-2/polly/" in amazon.requests[0].authorization

    async def test_a_role_is_assumed(self, amazon: AwsStandIn) -> None:
        of_role = service(role_arn=ROLE)
        await of_role.warm_up()
        await body(of_role)
        await body(of_role)
        assert amazon.roles == [ROLE]
        assert all("ASIAROLEEXAMPLE/" in r.authorization for r in amazon.requests)
        assert amazon.requests[0].headers["X-Amz-Security-Token"] == "token"

    async def test_a_role_of_a_profile_is_assumed(self, amazon: AwsStandIn, config: Path) -> None:
        await body(service(profile="voice"))
        assert amazon.roles == [ROLE]

    async def test_accounts_share_no_connection_and_one_account_does(
        self, amazon: AwsStandIn
    ) -> None:
        for options in ({}, {}, {"access_key_id": "A", "secret_access_key": SecretStr("s")}):
            await body(service(**options))
        first, second, third = (request.peer for request in amazon.requests)
        assert first == second != third

    @pytest.mark.parametrize(
        "half", [{"access_key_id": "AKIDOWN"}, {"secret_access_key": SecretStr("s")}]
    )
    def test_half_of_a_key_is_refused_and_not_left_out(self, half: dict[str, Any]) -> None:
        with pytest.raises(ValidationError, match="secret_access_key"):
            AwsOptions(**half)

    async def test_a_role_that_nobody_gives_ends_its_request_in_time(
        self, amazon: AwsStandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The time-out of a call ends the wait for it, but not the thread."""
        monkeypatch.setattr(accounts, "_ROLE_S", 0.2)
        amazon.role_s = 3600.0
        error = await failure(service(role_arn=ROLE))
        assert isinstance(error, APITimeoutError)
        assert amazon.roles == [ROLE], "it is asked once"

    def test_a_secret_is_in_no_text_of_an_account(self) -> None:
        options = AwsOptions(access_key_id="A", secret_access_key=SecretStr("swordfish"))
        assert "swordfish" not in f"{options} {options!r} {Account.of(options)}"


class TestSetUpErrors:
    async def test_missing_credentials_are_named(
        self, amazon: AwsStandIn, aws: pytest.MonkeyPatch
    ) -> None:
        aws.delenv("AWS_ACCESS_KEY_ID")
        for options in ({}, {"role_arn": ROLE}):
            error = await failure(service(**options))
            assert "AWS_PROFILE" in str(error)
            assert not error.retryable

    async def test_a_missing_region_is_named(
        self, amazon: AwsStandIn, aws: pytest.MonkeyPatch
    ) -> None:
        aws.delenv("AWS_DEFAULT_REGION")
        error = await failure(service())
        assert "AWS_REGION" in str(error)
        assert not error.retryable

    async def test_a_profile_that_is_not_there_is_named(self, amazon: AwsStandIn) -> None:
        error = await failure(service(profile="nobody"))
        assert "nobody" in str(error)
        assert "~/.aws/config" in str(error)
        assert not error.retryable

    async def test_a_region_that_is_none_is_told(self, amazon: AwsStandIn) -> None:
        error = await failure(service(region="eu west"))
        assert "AWS_REGION" in str(error)
        assert not error.retryable

    async def test_nobody_there_is_a_fault_that_may_pass(self, aws: pytest.MonkeyPatch) -> None:
        with PortPicker() as free:
            port = free.tcp()
        aws.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        error = await failure(service())
        assert isinstance(error, APIConnectionError)
        assert error.retryable
        assert "AWS_REGION" in str(error)

    @pytest.mark.parametrize(
        ("status", "code", "message", "advice"),
        [
            (403, "ExpiredTokenException", "expired", "renew"),
            (403, "UnrecognizedClientException", "invalid token", "AWS_ACCESS_KEY_ID"),
            (403, "InvalidSignatureException", "Signature expired: now", "clock"),
            (403, "AccessDeniedException", "not authorized", "polly:SynthesizeSpeech on voice"),
            (429, "ThrottlingException", "Rate exceeded", "Service Quotas"),
            (400, "ThrottlingException", "Rate exceeded", "Service Quotas"),
        ],
    )
    async def test_a_refusal_says_what_to_do(
        self, amazon: AwsStandIn, status: int, code: str, message: str, advice: str
    ) -> None:
        amazon.polly.status, amazon.polly.code = status, code
        amazon.polly.message = f"{message} swordfish"
        error = await failure(service())
        assert isinstance(error, APIStatusError)
        assert advice in str(error)
        assert "swordfish" not in f"{error} {error!r}"
        assert "swordfish" in reason_of(error)
        assert error.retryable == (code == "ThrottlingException")


class TestRequests:
    @pytest.fixture
    async def polly(self, amazon: AwsStandIn) -> AsyncIterator[Service]:
        of = service()
        await of.warm_up()
        yield of
        await of.aclose()

    async def test_one_that_waits_for_its_answer_is_closed_at_the_server(
        self, amazon: AwsStandIn, polly: Service
    ) -> None:
        amazon.polly.first_byte_s = 3600
        task = asyncio.create_task(body(polly))
        await until(lambda: bool(amazon.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: amazon.requests[0].outcome == "cancelled")

    async def test_one_whose_answer_has_begun_is_closed_at_the_server(
        self, amazon: AwsStandIn, polly: Service
    ) -> None:
        amazon.polly.stall_after = 2
        with polly.asked(ask) as answer:
            assert await anext(answer)
        await until(lambda: amazon.requests[0].outcome == "cancelled")

    async def test_closing_the_service_ends_its_requests_and_refuses_others(
        self, amazon: AwsStandIn, polly: Service
    ) -> None:
        amazon.polly.first_byte_s = 3600
        task = asyncio.create_task(body(polly))
        await until(lambda: bool(amazon.requests))
        await polly.aclose()
        await polly.aclose()
        with pytest.raises(RequestClosed):
            await task
        with pytest.raises(RequestClosed):
            await body(polly)
        await until(lambda: amazon.requests[0].outcome == "cancelled")

    async def test_a_connection_is_used_again_after_its_answer_was_read(
        self, amazon: AwsStandIn, polly: Service
    ) -> None:
        for _ in range(3):
            await body(polly)
        assert len({request.peer for request in amazon.requests}) == 1

    async def test_bytes_are_given_as_they_arrive(self, amazon: AwsStandIn, polly: Service) -> None:
        amazon.polly.between_s = 0.05
        with polly.asked(ask) as answer:
            await anext(answer)
            assert amazon.requests[0].chunks < 4

    async def test_a_cut_body_is_an_error_and_no_end(
        self, amazon: AwsStandIn, polly: Service
    ) -> None:
        amazon.polly.cut_after = 2
        with pytest.raises(WIRE_ERRORS):
            await body(polly)

    async def test_more_than_allowed_are_refused_and_the_rest_go_on(
        self, amazon: AwsStandIn, polly: Service
    ) -> None:
        amazon.polly.first_byte_s = 0.5
        tasks = [asyncio.create_task(body(polly)) for _ in range(MAX_REQUESTS)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests):
            await body(polly)
        assert all(await asyncio.gather(*tasks))
        assert await body(polly)

    def test_preloading_contacts_nobody_and_a_wrong_profile_does_not_end_it(
        self, aws: pytest.MonkeyPatch
    ) -> None:
        aws.setenv("AWS_PROFILE", "nobody")
        CLIENTS.preload("polly")
