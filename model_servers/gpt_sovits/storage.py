"""Amazon S3, as the server uses it: recordings come from there, and sound may go there.

Everything here blocks. boto3 takes credentials and region from where it looks for them; in
SageMaker that is the role that the endpoint was given.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (If-None-Match).
"""

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from model_servers.serving.errors import ApiError, BadRequest

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

logger = logging.getLogger(__name__)

SCHEME = "s3://"
_CONNECT_S, _READ_S = 3, 10
_FETCH_S = 20.0
"""For a whole object, however slowly it comes."""
_BLOCK = 1 << 16
_ATTEMPTS = 2
_NOT_THERE = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
_NOT_ALLOWED = frozenset({"403", "AccessDenied", "Forbidden", "AllAccessDisabled"})
_UNCHANGED = frozenset({"304", "NotModified"})
_CREDENTIALS = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "RequestTimeTooSkewed"}
)
_AGAIN = frozenset({"RequestTimeout", "SlowDown"})
"""Whatever their status, S3 asks to try again."""


_NO_CREDENTIALS = (
    "the server has no valid AWS credentials: give the endpoint a role, or set AWS_PROFILE or "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where it is started"
)


class StoreUnavailable(ApiError):
    """S3 cannot be asked, or does not answer; the same request may succeed later."""

    status = 503

    def __init__(self, message: str) -> None:
        super().__init__(message, code="store_unavailable", headers={"Retry-After": "1"})


@dataclass(frozen=True, slots=True)
class Fetched:
    """An object's content, and what tells whether it is still the same."""

    content: bytes
    etag: str


class Storage:
    """One client for all threads, made when it is first needed: that takes a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: S3Client | None = None

    def fetch(self, uri: str, *, unless: str, most_bytes: int, param: str) -> Fetched | None:
        """An object, or None when it is still the one whose etag is `unless`.

        Args:
            uri: s3://BUCKET/KEY.
            unless: an etag, or empty.
            most_bytes: a larger object is refused.
            param: the request's field that names it, for errors.

        Raises:
            BadRequest: there is none, it may not be read, or it is too large.
            StoreUnavailable: S3 does not answer.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, key = split(uri, param=param)
        asked: dict[str, Any] = {"Bucket": bucket, "Key": key}
        if unless:
            asked["IfNoneMatch"] = unless
        try:
            answer = self._client().get_object(**asked)
            content = _read(answer["Body"], most_bytes + 1)
        except ClientError as error:
            if _code(error) in _UNCHANGED:
                return None
            _refuse(error, f"{uri} cannot be read", "s3:GetObject", param)
        except (BotoCoreError, OSError) as error:
            _unavailable(error, param)
        if len(content) > most_bytes:
            raise BadRequest(f"{uri} is larger than {most_bytes // 2**20} MiB", param=param)
        return Fetched(content, answer["ETag"])

    def put(self, uri: str, content: bytes, *, content_type: str, param: str) -> None:
        """Store an object.

        Raises:
            BadRequest: there is no such bucket, or it may not be written to.
            StoreUnavailable: S3 does not answer.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, key = split(uri, param=param)
        try:
            self._client().put_object(
                Bucket=bucket, Key=key, Body=content, ContentType=content_type
            )
        except ClientError as error:
            _refuse(error, f"{uri} cannot be written", "s3:PutObject", param)
        except (BotoCoreError, OSError) as error:
            _unavailable(error, param)

    def _client(self) -> "S3Client":
        with self._lock:
            if self._made is None:
                import boto3
                from botocore.config import Config

                config = Config(
                    connect_timeout=_CONNECT_S,
                    read_timeout=_READ_S,
                    retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
                )
                self._made = boto3.client("s3", config=config)
            return self._made


def split(uri: str, *, param: str) -> tuple[str, str]:
    """Bucket and key of s3://BUCKET/KEY.

    Raises:
        BadRequest: it is no such address.
    """
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not uri.startswith(SCHEME) or not bucket or not key:
        raise BadRequest(f"{param} must be s3://BUCKET/KEY, not {uri!r}", param=param)
    return bucket, key


def _read(body: Any, most_bytes: int) -> bytes:
    """So many bytes at most.

    Raises:
        TimeoutError: they come too slowly.
    """
    until = time.monotonic() + _FETCH_S
    content = bytearray()
    with body:
        while len(content) < most_bytes and (block := body.read(_BLOCK)):
            content += block
            if time.monotonic() > until:
                raise TimeoutError
    return bytes(content[:most_bytes])


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _refuse(error: Any, what: str, action: str, param: str) -> NoReturn:
    code = _code(error)
    if code in _NOT_THERE:
        raise BadRequest(f"{what}: it is not there", param=param, code="not_there") from error
    if code in _NOT_ALLOWED:
        raise BadRequest(
            f"{what}: the role of this container may not: allow {action}",
            param=param,
            code="not_allowed",
        ) from error
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    if code in _CREDENTIALS:
        raise StoreUnavailable(f"{what}: {_NO_CREDENTIALS} ({code})") from error
    if 400 <= status < 500 and status != 429 and code not in _AGAIN:
        raise BadRequest(f"{what}: S3 refuses with {code}", param=param) from error
    _unavailable(error, param)


def _unavailable(error: Exception, param: str) -> NoReturn:
    from botocore.exceptions import (
        CredentialRetrievalError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
    )

    kind = type(error).__name__
    if isinstance(error, ParamValidationError):
        raise BadRequest(f"{param} names no bucket that there can be", param=param) from error
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        raise StoreUnavailable(f"S3 cannot be asked: {_NO_CREDENTIALS}") from error
    logger.warning("S3 does not answer", extra={"kind": kind})
    raise StoreUnavailable(f"S3 cannot be asked ({kind})") from error
