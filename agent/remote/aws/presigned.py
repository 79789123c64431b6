"""Addresses of a service that carry their signature: how a websocket of AWS is opened.

Where a service is, is found as AWS's own clients find it, which have none for these: by region and
partition, or by `AWS_ENDPOINT_URL_…`, `AWS_ENDPOINT_URL` and `~/.aws/config`.

Sources: https://docs.aws.amazon.com/transcribe/latest/dg/streaming-websocket.html,
https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.exceptions import NoRegionError
from botocore.utils import validate_region_name

_VALID_S = 300
"""How long a signature may be used, seconds; Transcribe takes no longer ones. It is used at once,
and the rest is for clocks that differ."""
_SCHEMES = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class SocketService:
    """A service that is talked to over a websocket."""

    client: str
    """Its name in the variables and files of AWS: `transcribe-streaming`."""
    host: str
    """First part of its host's name."""
    port: int
    path: str
    signed_as: str
    """Its name in signatures."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service is asked."""

    url: str
    """http:// or https:// address, with its path."""
    region: str
    trusted: str
    """File with the certificates that are believed; empty: those of this machine."""

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


def endpoint_of(core: Any, service: SocketService, *, given: str | None = None) -> Endpoint:
    """Find a service by a session of botocore; blocks, as files are read.

    Args:
        core: the session, which knows the region.
        service: which one.
        given: address to be used in place of AWS's own, without the path.

    Raises:
        BotoCoreError: no region, one that cannot be, or an AWS config file that is wrong.
    """
    region = core.get_config_variable("region")
    if not region:
        raise NoRegionError
    validate_region_name(region)
    base = given or _configured(core, service.client) or _usual(core, service, region)
    scheme, _, rest = base.rstrip("/").partition("://")
    url = f"{_SCHEMES.get(scheme, scheme)}://{rest}{service.path}"
    return Endpoint(url, region, core.get_config_variable("ca_bundle") or "")


def signed(
    credentials: Any, service: SocketService, endpoint: Endpoint, parameters: Mapping[str, str]
) -> str:
    """The address of one connection, `ws://` or `wss://`, percent-encoded.

    `credentials` are botocore's, frozen: what they are at this moment.
    """
    request = AWSRequest("GET", endpoint.url, params=dict(parameters))
    SigV4QueryAuth(credentials, service.signed_as, endpoint.region, expires=_VALID_S).add_auth(
        request
    )
    return f"ws{str(request.url).removeprefix('http')}"


def _configured(core: Any, client: str) -> str | None:
    if core.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    # botocore calls it private; there is no other way to ask for a client that it does not have.
    configured: str | None = ConfiguredEndpointProvider(
        full_config=core.full_config,
        scoped_config=core.get_scoped_config(),
        client_name=client,
    ).provide()
    return configured


def _usual(core: Any, service: SocketService, region: str) -> str:
    outputs = _partition(core.get_data("partitions")["partitions"], region)["outputs"]
    dual = core.get_config_variable("use_dualstack_endpoint")
    suffix = outputs["dualStackDnsSuffix" if dual else "dnsSuffix"]
    fips = "-fips" if core.get_config_variable("use_fips_endpoint") else ""
    return f"https://{service.host}{fips}.{region}.{suffix}:{service.port}"


def _partition(known: list[dict[str, Any]], region: str) -> dict[str, Any]:
    """The partition that a region is in; the first, AWS's common one, for a region unheard of."""
    for partition in known:
        if region in partition["regions"] or re.match(partition["regionRegex"], region):
            return partition
    return known[0]
