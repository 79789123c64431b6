"""What boto3 raises, in livekit-agents' terms: what failed, where, and what to do about it.

Sources: the service models of botocore 1.44 (bedrock-runtime 2023-09-30, sagemaker-runtime
2017-05-13, polly 2016-06-10),
https://docs.aws.amazon.com/transcribe/latest/APIReference/API_streaming_TranscriptResultStream.html
and https://docs.aws.amazon.com/general/latest/gr/api-error-codes.html (what all services share).
"""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from botocore.eventstream import ParserError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    InvalidProxiesConfigError,
    InvalidRegionError,
    LoginError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
)
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as StreamReadTimeoutError

from agent.remote.aws.request_thread import RequestClosed, TooManyRequests
from agent.remote.openai_errors import BrokenOff, Refused, one_line

WIRE_ERRORS = (
    BotoCoreError,
    ClientError,
    ParserError,
    HTTPError,
    OSError,
    TooManyRequests,
    RequestClosed,
)
"""What is raised while a request is sent or an answer is read."""

_STATUS: Mapping[str, int] = {
    "accessdenied": 403,
    "badrequest": 400,
    "conflict": 409,
    "expiredtoken": 403,
    "internaldependency": 500,
    "internalfailure": 500,
    "internalserver": 500,
    "internalstreamfailure": 500,
    "invalidsignature": 403,
    "lexiconnotfound": 404,
    "limitexceeded": 429,
    "modelerror": 424,
    "modelnotready": 429,
    "modelstreamerror": 424,
    "modeltimeout": 408,
    "nosuchbucket": 404,
    "nosuchkey": 404,
    "resourcenotfound": 404,
    "servicefailure": 500,
    "serviceunavailable": 503,
    "slowdown": 429,
    "throttling": 429,
    "toomanyrequests": 429,
    "unrecognizedclient": 403,
    "validation": 400,
    "validationerror": 400,
}
"""HTTP status by error code: errors in a stream bring a code only, and Polly throttles with 400."""

_EXPIRED = ("expiredtoken", "requestexpired", "tokenrefreshrequired")
_WRONG_KEY = (
    "unrecognizedclient",
    "invalidclienttokenid",
    "invalidaccesskeyid",
    "signaturedoesnotmatch",
    "invalidsignature",
    "incompletesignature",
    "missingauthenticationtoken",
    "authfailure",
)

_SPREAD_S = 0.4
"""Longest moment that a throttled request waits before it may be made again, seconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, for messages and remedies."""

    who: str
    """The service in our words: `Polly`."""
    action: str
    """What an identity must be allowed: `polly:SynthesizeSpeech`."""
    what: str
    """Which resource: `model amazon.nova-lite-v1:0`."""
    wish: str
    """What to set where AWS has not what is asked for: `LLM_MODEL to a model of this region`."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """What to do, by a phrase of the service's own message, in lower case."""


def api_error(error: BaseException, asked: Asked, *, retryable: bool) -> APIError:
    """Translate one of `WIRE_ERRORS`.

    Args:
        error: what was raised.
        asked: of which service, for what.
        retryable: False when part of the answer was handed on already.
    """
    who = asked.who
    if isinstance(error, ClientError):
        return _service_error(error, asked, retryable)
    if isinstance(error, RequestClosed):
        return APIConnectionError(f"the engine that asked {who} was closed", retryable=False)
    if isinstance(error, TooManyRequests):
        return APIConnectionError(f"too many requests to {who} are open")
    if isinstance(error, (ReadTimeoutError, ConnectTimeoutError, StreamReadTimeoutError)):
        return APITimeoutError(f"{who} did not answer in time", retryable=retryable)
    if isinstance(error, ParamValidationError):
        # It repeats what was sent.
        return Refused(
            f"the request is not one that {who} takes", reason=str(error), status_code=400
        )
    if isinstance(error, ParserError):
        return APIConnectionError(f"{who}'s event stream is malformed", retryable=retryable)
    lasting = _set_up(error, who)
    if lasting:
        return BrokenOff(lasting, reason=lasting, retryable=False)
    if isinstance(error, EndpointConnectionError):
        return APIConnectionError(
            f"{who} cannot be reached: see the network, its proxy, and whether AWS_REGION names a "
            f"region that has {who}",
            retryable=retryable,
        )
    return APIConnectionError(f"the connection to {who} failed", retryable=retryable)


def _set_up(error: BaseException, who: str) -> str:
    """What to do about a fault of the machine's own set-up; "" when it is another."""
    if isinstance(error, NoRegionError):
        return "no AWS region: set AWS_REGION"
    if isinstance(error, InvalidRegionError):
        return "AWS_REGION is not the name of a region, such as eu-west-1"
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    if isinstance(error, ProfileNotFound):
        return f"{error}: see AWS_PROFILE and ~/.aws/config"
    if isinstance(error, (SSOError, TokenRetrievalError, LoginError)):
        return "the AWS sign-in has expired: run `aws sso login` or `aws login`"
    if isinstance(error, CredentialRetrievalError):
        return "the AWS credentials cannot be had: see the profile in ~/.aws/config"
    if isinstance(error, (ProxyConnectionError, InvalidProxiesConfigError)):
        return f"{who} cannot be reached through the proxy in HTTPS_PROXY"
    if isinstance(error, SSLError):
        return (
            f"{who}'s certificate is not trusted: if a proxy here opens connections, set "
            "AWS_CA_BUNDLE to its certificate"
        )
    return ""


def _service_error(error: ClientError, asked: Asked, retryable: bool) -> APIError:
    response = error.response
    said = response.get("Error", {})
    code, told = str(said.get("Code", "")), str(said.get("Message", ""))
    kind = code.lower().removesuffix("exception")
    metadata = response.get("ResponseMetadata", {})
    status = _STATUS.get(kind) or metadata.get("HTTPStatusCode", 500)
    message, remedy = f"{asked.who} refuses with {code}", _remedy(kind, status, told, asked)
    if kind == "modelerror" and "OriginalStatusCode" in response:
        return _container_error(response, asked, retryable)
    if kind == "modelstreamerror":
        # Status 424, which livekit-agents never retries, but AWS asks for a retry.
        return BrokenOff(message, reason=f"{code}: {told}", retryable=retryable)
    return Refused(
        message + remedy,
        reason=f"{code}: {told}{remedy}",
        status_code=status,
        request_id=metadata.get("RequestId"),
        retryable=retryable,
    )


def _remedy(kind: str, status: int, told: str, asked: Asked) -> str:
    for phrase, hint in asked.hints.items():
        if phrase in told.lower() and 400 <= status < 500 and status != 429:
            return f"; {hint}"
    if kind in _EXPIRED:
        return "; the AWS credentials have expired: renew them, or use a role, which renews itself"
    if kind in _WRONG_KEY:
        if "expired" in told or "not yet current" in told:
            return "; the clock of this machine is wrong"
        return "; the AWS access key is wrong or of another partition: see AWS_ACCESS_KEY_ID"
    if status == 403:
        return (
            f"; allow {asked.action} on {asked.what} for this AWS identity, and access to it in "
            "this account and region"
        )
    if status == 404:
        return f"; set {asked.wish}"
    if status == 429:
        return "; the quota is used up or the model is busy: ask for a higher one in Service Quotas"
    return ""


def _container_error(response: Mapping[str, object], asked: Asked, retryable: bool) -> APIError:
    """What the model behind a SageMaker endpoint answered, which SageMaker reports as 424."""
    status = int(str(response.get("OriginalStatusCode") or 0))
    told = one_line(str(response.get("OriginalMessage") or ""))
    log = response.get("LogStreamArn")
    where = f"; its log: {log}" if log else ""
    message = f"the container of {asked.what} failed with status {status}"
    reason = f"{message}: {told or 'it says no more'}{where}"
    if status < 500 and status not in (408, 429):
        return Refused(message, reason=reason, status_code=424, retryable=False)
    # livekit-agents never retries a 424.
    return BrokenOff(message, reason=reason, retryable=retryable)


async def spread_out(error: APIError, limits: APIConnectOptions | None = None) -> None:
    """Wait a moment of chance length after a throttled request that may be made again.

    Requests that were throttled together would come back together otherwise. By `limits` it can
    be known that it is not made again.
    """
    throttled = isinstance(error, APIStatusError) and error.status_code == 429
    if throttled and error.retryable and (limits is None or limits.max_retry):
        await asyncio.sleep(random.uniform(0, _SPREAD_S))
