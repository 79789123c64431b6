"""Where a service of AWS is that is talked to over a websocket, and what its address holds."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import InvalidRegionError, NoRegionError

from agent.remote.aws.accounts import Account
from agent.remote.aws.clients import CLIENTS
from agent.remote.aws.presigned import Endpoint, SocketService, endpoint_of, signed

SERVICE = SocketService(
    client="transcribe-streaming",
    host="transcribestreaming",
    port=8443,
    path="/stream-transcription-websocket",
    signed_as="transcribe",
)


def found(*, given: str | None = None, **account: str) -> Endpoint:
    return CLIENTS.of_core(
        Account(**account),  # type: ignore[arg-type]
        lambda core: endpoint_of(core, SERVICE, given=given),
    )


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "transcribestreaming.eu-central-1.amazonaws.com:8443"),
        ("us-gov-west-1", "transcribestreaming.us-gov-west-1.amazonaws.com:8443"),
        ("cn-north-1", "transcribestreaming.cn-north-1.amazonaws.com.cn:8443"),
        ("eu-nowhere-7", "transcribestreaming.eu-nowhere-7.amazonaws.com:8443"),
        ("moon-1", "transcribestreaming.moon-1.amazonaws.com:8443"),
    ],
)
def test_a_region_has_it_in_its_own_partition(
    aws: pytest.MonkeyPatch, region: str, host: str
) -> None:
    endpoint = found(region=region)
    assert endpoint.url == f"https://{host}/stream-transcription-websocket"
    assert (endpoint.host, endpoint.region, endpoint.trusted) == (host, region, "")


def test_a_region_that_is_none_and_none_at_all_are_errors(aws: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRegionError):
        found(region="eu west")
    aws.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(NoRegionError):
        found(access_key_id="A")


def test_the_variables_of_aws_name_another_place(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    assert found().host == "transcribestreaming-fips.eu-west-1.amazonaws.com:8443"
    aws.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566/")
    assert found().url == "http://127.0.0.1:4566/stream-transcription-websocket"
    aws.setenv("AWS_ENDPOINT_URL_TRANSCRIBE_STREAMING", "wss://near.example")
    assert found().url == "https://near.example/stream-transcription-websocket"
    assert found(given="ws://10.0.0.1:80/x").url == "http://10.0.0.1:80/x" + SERVICE.path
    aws.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert found().host == "transcribestreaming-fips.eu-west-1.amazonaws.com:8443"


def test_a_profile_may_name_it_too(aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile near]\nregion = us-east-2\nservices = mine\nca_bundle = /etc/bundle.pem\n"
        "[services mine]\ntranscribe_streaming =\n  endpoint_url = https://near.example:9\n"
    )
    aws.setenv("AWS_CONFIG_FILE", str(config))
    aws.delenv("AWS_DEFAULT_REGION")
    endpoint = found(profile="near")
    assert endpoint.host == "near.example:9"
    assert (endpoint.region, endpoint.trusted) == ("us-east-2", "/etc/bundle.pem")


def test_an_address_holds_what_is_asked_and_who_asks(aws: pytest.MonkeyPatch) -> None:
    credentials = Credentials("AKID", "swordfish", "a/token+with=signs")
    endpoint = Endpoint("https://near.example:8443/path", "eu-west-1", "")
    url = signed(credentials, SERVICE, endpoint, {"language-options": "en-US,de-DE"})
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path) == ("wss", "near.example:8443", "/path")
    assert "swordfish" not in url
    asked = {name: value for name, [value] in parse_qs(parts.query).items()}
    assert asked["language-options"] == "en-US,de-DE"
    assert asked["X-Amz-Security-Token"] == "a/token+with=signs"
    assert asked["X-Amz-SignedHeaders"] == "host"
    assert int(asked["X-Amz-Expires"]) <= 300
    assert asked["X-Amz-Credential"].startswith("AKID/")
    assert asked["X-Amz-Credential"].endswith("/eu-west-1/transcribe/aws4_request")
