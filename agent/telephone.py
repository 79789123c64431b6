"""A telephone in a room: what LiveKit's SIP service tells of it.

Source: https://docs.livekit.io/sip/sip-participant/ (attributes); RFC 3261, section 21 (answers).
"""

from collections.abc import Mapping

from livekit import rtc

NUMBER = "sip.phoneNumber"
"""Attribute: who calls, or is called; a trunk may hide it."""
DIALLED = "sip.trunkPhoneNumber"
"""Attribute: the number of ours that was called, or that calls."""
STATUS = "sip.callStatus"
"""Attribute: `dialing`, `ringing`, `automation`, `active`, `hangup`."""

BUSY = frozenset({486, 600})
"""Answers of SIP to a call: who is called is on the telephone."""
UNANSWERED = frozenset({408, 480, 487})
"""The same: nobody takes it."""


def is_telephone(participant: rtc.Participant) -> bool:
    """Whether a participant is a telephone that LiveKit's SIP service has brought."""
    return participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP


def is_ringing(attributes: Mapping[str, str]) -> bool:
    """Whether nobody has taken the call yet, by attributes of a telephone."""
    return attributes.get(STATUS) in ("dialing", "ringing")
