"""Who a caller is to the memory: a keyed hash of what they are known by, and nothing else."""

import hashlib
import hmac
import re

from livekit import rtc

from agent.telephone import NUMBER, is_telephone

_NOT_NUMBER = re.compile(r"[^0-9+]")
_LEAST_DIGITS = 3
"""What has fewer is no number that a caller could be known by: "anonymous"."""


def known_by(caller: rtc.RemoteParticipant) -> str:
    """What this caller is known by over calls; empty: by nothing.

    A telephone is known by its number, everybody else by the identity of their token. Only
    livekit-server makes a participant a telephone: a client that calls itself by a number, or sets
    the attribute, is not taken for one.
    """
    if not is_telephone(caller):
        return f"identity:{caller.identity}" if caller.identity else ""
    return phone(caller.attributes.get(NUMBER, ""))


def phone(number: str) -> str:
    """What a telephone is known by; empty: it hides its number."""
    digits = _NOT_NUMBER.sub("", number)
    return f"phone:{digits}" if len(digits.lstrip("+")) >= _LEAST_DIGITS else ""


def hashed(known_as: str, salt: bytes) -> str:
    """The name under which somebody is stored: HMAC-SHA256, 64 hexadecimal digits."""
    return hmac.new(salt, b"rejoinder memory\0" + known_as.encode(), hashlib.sha256).hexdigest()
