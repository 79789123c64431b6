"""Addresses that carry their signature: whether it is the one that the secret gives.

Source: https://docs.aws.amazon.com/transcribe/latest/dg/streaming-websocket.html
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from aiohttp import web

_ALGORITHM = "AWS4-HMAC-SHA256"
_LONGEST_S = 300
"""Transcribe takes no signatures that are valid for longer."""
_CLOCKS_S = 300


def refused(request: web.Request, *, secret: str, service: str) -> str:
    """The code by which a request is refused; empty: it is signed as it must be."""
    query, given = request.raw_path.partition("?")[2], request.query
    try:
        _, day, region, signed_for, last = given["X-Amz-Credential"].split("/")
        when = datetime.strptime(given["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        valid_s = int(given["X-Amz-Expires"])
        signature = given["X-Amz-Signature"]
        right = (
            given["X-Amz-Algorithm"] == _ALGORITHM
            and given["X-Amz-SignedHeaders"] == "host"
            and (signed_for, last) == (service, "aws4_request")
            and given["X-Amz-Date"].startswith(day)
            and 0 < valid_s <= _LONGEST_S
        )
    except (KeyError, ValueError):
        return "MissingAuthenticationTokenException"
    if not right:
        return "IncompleteSignatureException"
    if abs(datetime.now(UTC) - when) > timedelta(seconds=min(valid_s, _CLOCKS_S)):
        return "ExpiredTokenException"
    scope = f"{day}/{region}/{service}/aws4_request"
    # As they were sent: whoever encodes them anew has them signed differently.
    pairs = sorted(pair.split("=", 1) for pair in query.split("&"))
    lines = [
        request.method,
        request.raw_path.partition("?")[0],
        "&".join("=".join(pair) for pair in pairs if pair[0] != "X-Amz-Signature"),
        f"host:{request.headers['Host']}",
        "",
        "host",
        hashlib.sha256(b"").hexdigest(),
    ]
    asked = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = _mac(key, part)
    expected = _mac(key, "\n".join((_ALGORITHM, given["X-Amz-Date"], scope, asked))).hex()
    return "" if hmac.compare_digest(expected, signature) else "InvalidSignatureException"


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
