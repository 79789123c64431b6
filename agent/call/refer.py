"""Asks LiveKit's SIP service to send a caller's telephone to another number (SIP REFER)."""

import logging
from collections.abc import Awaitable, Callable
from typing import Literal

import aiohttp
from livekit import api

from agent.tasks import fault
from agent.telephone import BUSY, UNANSWERED

logger = logging.getLogger(__name__)

RINGS_S = 30
"""How long it rings there."""

Outcome = Literal["through", "busy", "unanswered", "failed", "stays"]
"""What came of it; through: they have taken the call there, and it is none of ours any more; stays:
the caller has said something else when they were told."""

Refer = Callable[[str, str], Awaitable[Outcome]]
"""Sends the telephone of this identity to an address, `tel:+4930123` or `sip:help@example.com`."""


async def refer(livekit: api.LiveKitAPI, *, room: str, identity: str, address: str) -> Outcome:
    """Send the telephone of one caller to an address; returns when it was answered there, or not.

    When this is cancelled the telephone may be sent all the same. Nothing is raised for what the
    server, the service or the other end do; neither number nor caller comes into a log.
    """
    request = api.TransferSIPParticipantRequest(
        room_name=room, participant_identity=identity, transfer_to=address, play_dialtone=True
    )
    request.ringing_timeout.seconds = RINGS_S
    try:
        done = await livekit.sip.transfer_sip_participant(request)
    except api.SipCallError as error:
        return _refused(error.sip_status_code, error.sip_transfer_reason or "")
    except api.ServerError as error:
        if error.code in ("canceled", "deadline_exceeded"):
            return "unanswered"
        logger.warning("a transfer could not be asked for", extra={"code": error.code})
        return "failed"
    except (aiohttp.ClientError, TimeoutError) as error:
        logger.warning("a transfer could not be asked for", extra=fault(error))
        return "failed"
    # A server that knows no outcome answers with nothing when the call was taken.
    if done.status == api.SIPTransferStatus.STS_TRANSFER_FAILED:
        code = done.sip_status.code if done.HasField("sip_status") else None
        return _refused(code, api.SIPTransferReason.Name(done.reason))
    return "through"


def _refused(code: int | None, reason: str) -> Outcome:
    if code in BUSY:
        return "busy"
    if code in UNANSWERED or reason == "STR_RINGING_TIMEOUT":
        return "unanswered"
    return "failed"
