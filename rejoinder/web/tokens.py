"""Join tokens: what a client may ask for, and the least that it is given.

The body is LiveKit's TokenSource.endpoint request. Unknown fields at its top are ignored, as
every SDK may send newer ones and they have no effect here. Inside `room_config`, which acts on
the room, everything but this worker's own dispatch is refused, and in its metadata everything of
ours that `TALK_JOB_FIELDS` does not name: a browser has no say in what the model is told.

Source: https://docs.livekit.io/frontends/authentication/tokens/endpoint/
"""

import math
import re
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Annotated, Any

from livekit import api
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.functional_validators import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from agent.errors import MetadataError
from agent.job import kinds
from agent.settings.load import Settings

MAX_ATTRIBUTES = 16
_MARGIN_S = 5
"""Seconds that a room stays beyond the agent's wait for a lost caller."""
RESERVED_ATTRIBUTES = ("lk.", "rejoinder.", "sip.")
"""Attribute prefixes that say who a participant is; a client may not claim them."""

RESERVED_IDENTITIES = ("agent-", "sip_", "sip-", "eg_", "in_", "rejoinder")
"""Beginnings of identities that belong to agents, telephones and services, in lower case."""
MAX_NAME_BYTES = 220
"""LiveKit takes 256 bytes for the name of a room and for an identity; an ending may be added."""


class RequestError(Exception):
    """The client asked for something that it may not have; the message is the reason."""


def _unset(value: Any) -> Any:
    """Treat "" as not given: protobuf JSON does not tell them apart."""
    return None if value == "" else value


def _without(controls: str, what: str) -> AfterValidator:
    """Refuse text with these characters; `what` is the reason."""
    pattern = re.compile(controls)

    def check(text: str) -> str:
        if pattern.search(text):
            raise PydanticCustomError("characters", what)
        return text

    return AfterValidator(check)


def _joinable(name: str) -> str:
    if len(name.encode()) > MAX_NAME_BYTES:
        raise PydanticCustomError("length", f"should have at most {MAX_NAME_BYTES} bytes of UTF-8")
    return name


_Name = Annotated[
    str,
    StringConstraints(max_length=128),
    _without(
        r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "should have no line breaks or control characters"
    ),
    AfterValidator(_joinable),
]
_Text = Annotated[
    str, _without(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", "should have no control characters")
]
_Key = Annotated[
    str,
    StringConstraints(max_length=64),
    _without(
        r"^[^A-Za-z]|[^A-Za-z0-9._-]", "keys begin with a letter; then letters, digits, . _ -"
    ),
]
_Value = Annotated[_Text, StringConstraints(max_length=512)]
_Metadata = Annotated[_Text, StringConstraints(max_length=2048)]


class _Dispatch(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    agent_name: str | None = None
    metadata: _Metadata | None = None
    deployment: Annotated[None, BeforeValidator(_unset)] = None


class _RoomConfig(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    agents: Annotated[list[_Dispatch], Field(max_length=1)] | None = None


class TokenRequest(BaseModel):
    """A valid request; None where the client leaves the choice to us."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    room_name: Annotated[_Name | None, BeforeValidator(_unset)] = None
    participant_name: Annotated[_Text, StringConstraints(max_length=128)] | None = None
    participant_identity: Annotated[_Name | None, BeforeValidator(_unset)] = None
    participant_metadata: _Metadata | None = None
    participant_attributes: (
        Annotated[dict[_Key, _Value], Field(max_length=MAX_ATTRIBUTES)] | None
    ) = None
    room_config: _RoomConfig | None = None
    resume: Annotated[str, StringConstraints(max_length=4096)] | None = None
    """A ticket of ours (`rejoinder.web.seats`); not part of LiveKit's format."""
    known: Annotated[str, StringConstraints(max_length=4096)] | None = None
    """Another, for the same identity in a new room."""

    @property
    def job_metadata(self) -> str:
        """What the agent's job receives as its metadata."""
        agents = (self.room_config and self.room_config.agents) or []
        return (agents[0].metadata or "") if agents else ""


METADATA_HELP = (
    "what the agent's job is told if the join opens the room, for example "
    '{"rejoinder": {"persona": {"voice": "nova"}}} (docs/room-protocol.md)'
)
"""Of the option `--metadata` of commands."""


def telling(metadata: str) -> dict[str, Any]:
    """The part of a request that tells the job something."""
    return {"room_config": {"agents": [{"metadata": metadata}]}} if metadata else {}


def may_ask(settings: Settings) -> frozenset[str]:
    """What a client may ask of its job: some of `agent.metadata.FIELDS`."""
    return frozenset(name.strip() for name in settings.talk.job_fields.split(",") if name.strip())


def parse(
    body: Any,
    *,
    agent_name: str,
    may_ask: Collection[str] = (),
    personas: Collection[str] = (),
) -> TokenRequest:
    """Check a decoded JSON body.

    Args:
        body: what the client sent.
        agent_name: of the worker that is served.
        may_ask: what may be asked for in the job's metadata, of `agent.metadata.FIELDS`.
        personas: names of those that any client may have.

    Raises:
        RequestError: a field has the wrong type, length or characters, or may not be set.
    """
    if not isinstance(body, dict):
        raise RequestError("the body must be a JSON object")
    try:
        request = TokenRequest.model_validate(body)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in fault["loc"] if part != "[key]")
        reason = "may not be set" if fault["type"] == "extra_forbidden" else fault["msg"]
        raise RequestError(f"{field}: {reason}") from None
    identity = (request.participant_identity or "").lower()
    if identity.startswith(RESERVED_IDENTITIES):
        raise RequestError("participant_identity: it begins as only agents' and services' may")
    for key in request.participant_attributes or {}:
        if key.startswith(RESERVED_ATTRIBUTES):
            raise RequestError(f"participant_attributes: {key} may not be set")
    agents = (request.room_config and request.room_config.agents) or []
    if agents and (agents[0].agent_name or "") not in {"", agent_name}:
        raise RequestError("room_config.agents.0.agent_name: this endpoint serves another agent")
    try:
        metadata = kinds.read(request.job_metadata)
        refused = metadata.asked - set(may_ask)
        if metadata.persona.name in personas:
            refused -= {"name"}
    except MetadataError as error:
        raise RequestError(f"room_config.agents.0.metadata: {error}") from None
    if refused:
        names = ", ".join(sorted(refused))
        raise RequestError(f"room_config.agents.0.metadata: {names} may not be set")
    return request


def mint(request: TokenRequest, settings: Settings) -> tuple[str, str]:
    """Sign a token for one microphone in one room, under exactly the names asked for.

    For whoever holds the key; a client's names pass `rejoinder.web.seats` first. The token's holder
    may join that room, publish a microphone and data (typed messages), and listen; nothing else.
    With a configured agent name the room, when it is created by this join, dispatches that agent;
    otherwise LiveKit dispatches every unnamed worker by itself.

    Returns:
        The room's name and the token.
    """
    live = settings.livekit
    room = request.room_name or f"call-{secrets.token_hex(12)}"
    token = (
        api.AccessToken(live.api_key, live.api_secret.get_secret_value() if live.api_secret else "")
        .with_identity(request.participant_identity or f"caller-{secrets.token_hex(12)}")
        .with_ttl(timedelta(seconds=settings.talk.token_ttl_s))
        .with_grants(
            api.VideoGrants(
                room_join=True,
                room=room,
                can_publish=True,
                can_publish_sources=["microphone"],
                can_publish_data=True,
                can_subscribe=True,
                can_update_own_metadata=False,
            )
        )
    )
    if request.participant_name:
        token = token.with_name(request.participant_name)
    if request.participant_metadata:
        token = token.with_metadata(request.participant_metadata)
    if request.participant_attributes:
        token = token.with_attributes(request.participant_attributes)
    if settings.agent.name or request.job_metadata:
        dispatch = api.RoomAgentDispatch(
            agent_name=settings.agent.name, metadata=request.job_metadata
        )
        # The room stays while the agent waits for a caller whose connection was lost.
        stays_s = math.ceil(settings.agent.return_s) + _MARGIN_S
        token = token.with_room_config(
            api.RoomConfiguration(agents=[dispatch], departure_timeout=stays_s)
        )
    return room, token.to_jwt()
