"""Whose room and identity it is: seats that only their holder comes back to.

LiveKit throws out whoever holds an identity when it joins a second time, and lets anyone into a
room whose name is in the token. So a client chooses neither by itself: what it asks for gets an
ending that nobody can guess, or that follows from the signed-in user. A *resume ticket*, handed
out with each token, gives its holder the same room and identity again; a *known ticket* the same
identity in another room, for a caller whom the agent may remember. They are signed, so nothing is
remembered here and several web servers with one key agree.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, replace
from typing import Any

import jwt

from rejoinder.web.tokens import RequestError, TokenRequest

TICKET_S = 12 * 3600
"""Life of a resume ticket: longer than a call lasts."""

_ENDING_BYTES = 12
"""96 bits, random or of a keyed hash, so that a name cannot be guessed."""
KNOWN_S = 400 * 24 * 3600
"""Life of a known ticket; each call brings a new one."""
_AUDIENCE = "rejoinder-resume"
_KNOWN = "rejoinder-known"


@dataclass(frozen=True, slots=True)
class Seat:
    """A participant's place: its identity in a room. `asked` are the names it asked for."""

    room: str
    identity: str
    asked: tuple[str, str] = ("", "")


class Seats:
    """Gives seats to token requests."""

    def __init__(self, api_secret: str, *, shared_rooms: bool) -> None:
        """Prepare the keys.

        Args:
            api_secret: LiveKit's. Tickets and endings are made with keys that follow from it, so
                that neither can be taken for a token.
            shared_rooms: whether a client may join any room whose name it knows.
        """
        self._shared = shared_rooms
        self._ticket_key = _derived(api_secret, "ticket")
        self._ending_key = _derived(api_secret, "ending")

    def take(self, request: TokenRequest, *, user: str = "") -> Seat:
        """The seat of a request.

        Args:
            request: its `resume` and `known` are tickets; one that is not valid any more is as
                none, and the first counts before the second.
            user: the signed-in user; the same user gets the same seat for the same names.

        Raises:
            RequestError: the ticket is for another room or identity than is asked for.
        """
        asked = (request.room_name or "", request.participant_identity or "")
        if request.resume and (seat := self._opened(request.resume, user)) is not None:
            for field, wish, had, own in zip(
                ("room_name", "participant_identity"),
                asked, seat.asked, (seat.room, seat.identity), strict=True,
            ):  # fmt: skip
                if wish not in {"", had, own}:
                    raise RequestError(f"{field}: the resume ticket is for another")
            return seat
        seat = self._new(asked, user)
        identity = self._known(request.known or "", user)
        return replace(seat, identity=identity) if identity and not asked[1] else seat

    def ticket(self, seat: Seat, *, user: str = "") -> str:
        """A ticket that gives the same seat to the same user."""
        claims = {
            "aud": _AUDIENCE,
            "exp": int(time.time()) + TICKET_S,
            "room": seat.room,
            "sub": seat.identity,
            "asked": seat.asked,
            "user": self._ending("user", user) if user else "",
        }
        return jwt.encode(claims, self._ticket_key, algorithm="HS256")

    def known(self, seat: Seat, *, user: str = "") -> str:
        """A ticket that gives the same user the identity of a seat in another room."""
        claims = {
            "aud": _KNOWN,
            "exp": int(time.time()) + KNOWN_S,
            "sub": seat.identity,
            "user": self._ending("user", user) if user else "",
        }
        return jwt.encode(claims, self._ticket_key, algorithm="HS256")

    def _known(self, ticket: str, user: str) -> str:
        """The identity of a known ticket; empty: it is not valid."""
        claims = self._claims(ticket, user, _KNOWN)
        return str(claims["sub"]) if claims is not None else ""

    def _opened(self, ticket: str, user: str) -> Seat | None:
        claims = self._claims(ticket, user, _AUDIENCE)
        if claims is None:
            return None
        room_asked, identity_asked = claims["asked"]
        return Seat(claims["room"], claims["sub"], (room_asked, identity_asked))

    def _claims(self, ticket: str, user: str, audience: str) -> dict[str, Any] | None:
        try:
            claims: dict[str, Any] = jwt.decode(
                ticket, self._ticket_key, algorithms=["HS256"], audience=audience,
                options={"require": ["exp", "sub", "aud"]},
            )  # fmt: skip
        except jwt.InvalidTokenError:
            return None
        same = claims["user"] == (self._ending("user", user) if user else "")
        return claims if same else None

    def _new(self, asked: tuple[str, str], user: str) -> Seat:
        room, identity = asked
        if not room:
            room_name = f"call-{secrets.token_hex(_ENDING_BYTES)}"
        elif self._shared:
            room_name = room
        else:
            room_name = f"{room}-{self._ending('room', user, room)}"
        label = identity or "caller"
        return Seat(room_name, f"{label}-{self._ending('identity', user, room_name, label)}", asked)

    def _ending(self, *parts: str) -> str:
        """Random without a user (the second part), else the same for the same parts."""
        if parts[1] == "":
            return secrets.token_hex(_ENDING_BYTES)
        text = "\0".join(parts).encode(errors="surrogateescape")
        return hmac.new(self._ending_key, text, hashlib.sha256).hexdigest()[: 2 * _ENDING_BYTES]


def _derived(secret: str, purpose: str) -> bytes:
    return hmac.new(secret.encode(), f"rejoinder {purpose}".encode(), hashlib.sha256).digest()
