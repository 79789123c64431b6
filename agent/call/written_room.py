"""A room for a call that is written: nobody is connected, and what is sent to it is kept.

Features find in it what they find in a room of LiveKit: the people with their names and attributes,
remote procedures of both sides, streams of bytes. Only sound and pictures in motion are not there.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from livekit import rtc
from livekit.rtc.data_stream import ByteStreamInfo, TextStreamInfo

RPC_S = 15.0
"""What a procedure's caller is said to wait for an answer, seconds."""


@dataclass(frozen=True, slots=True)
class WrittenCaller:
    """Who calls."""

    identity: str = "caller"
    name: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    telephone: bool = False
    """Whether it is one; its number is `sip.phoneNumber` of the attributes."""


@dataclass(frozen=True, slots=True)
class SentText:
    """What the agent has sent."""

    topic: str
    text: str
    to: tuple[str, ...]
    """Identities; empty: everybody."""


class _Person:
    """What LiveKit tells of a participant, without LiveKit."""

    def __init__(self, caller: WrittenCaller, kind: rtc.ParticipantKind.ValueType) -> None:
        self._caller = caller
        self._kind = kind
        self._labels = dict(caller.attributes)

    @property
    def sid(self) -> str:
        return f"PA_{self._caller.identity}"

    @property
    def identity(self) -> str:
        return self._caller.identity

    @property
    def name(self) -> str:
        return self._caller.name

    @property
    def metadata(self) -> str:
        return ""

    @property
    def attributes(self) -> dict[str, str]:
        return dict(self._labels)

    @property
    def kind(self) -> rtc.ParticipantKind.ValueType:
        return self._kind

    @property
    def state(self) -> rtc.ParticipantState.ValueType:
        return rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE

    @property
    def disconnect_reason(self) -> None:
        return None

    @property
    def track_publications(self) -> dict[str, Any]:
        return {}


class _CallerHere(_Person, rtc.RemoteParticipant):
    """The caller, as the agent sees them."""


class _AgentHere(_Person, rtc.LocalParticipant):
    """The agent: keeps what it sends."""

    def __init__(self) -> None:
        super().__init__(WrittenCaller("agent"), rtc.ParticipantKind.PARTICIPANT_KIND_AGENT)
        self.sent: list[SentText] = []
        self.pressed: list[str] = []
        self.methods: dict[str, Callable[[rtc.RpcInvocationData], Any]] = {}

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        self._labels |= attributes

    async def send_text(
        self,
        text: str,
        *,
        destination_identities: list[str] | None = None,
        topic: str = "",
        attributes: dict[str, str] | None = None,
        **rest: Any,
    ) -> TextStreamInfo:
        self.sent.append(SentText(topic, text, tuple(destination_identities or ())))
        return TextStreamInfo("", "text/plain", topic, 0, len(text), attributes, [])

    async def publish_dtmf(self, *, code: int, digit: str) -> None:
        self.pressed.append(digit)

    def register_rpc_method(self, method_name: str, handler: Any = None) -> Any:
        def take(answer: Any) -> Any:
            self.methods[method_name] = answer
            return answer

        return take if handler is None else take(handler)

    def unregister_rpc_method(self, method: str) -> None:
        self.methods.pop(method, None)

    async def perform_rpc(
        self, *, destination_identity: str, method: str, payload: str, **rest: Any
    ) -> str:
        # As a telephone, and any client that does not know the method.
        code = rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD
        raise rtc.RpcError(code, rtc.RpcError.ErrorMessage[code])


class WrittenRoom(rtc.Room):
    """Where one call is written."""

    def __init__(self, name: str) -> None:
        """Open; nobody but the agent is there."""
        super().__init__()
        self._called = name
        self._agent = _AgentHere()
        self._people: dict[str, rtc.RemoteParticipant] = {}
        self._takers: dict[str, Callable[[Any, str], None]] = {}
        self._numbers = count(1)

    @property
    def name(self) -> str:
        """Of the room."""
        return self._called

    @property
    def local_participant(self) -> _AgentHere:
        """The agent."""
        return self._agent

    @property
    def remote_participants(self) -> Mapping[str, rtc.RemoteParticipant]:
        """Who is there, by identity."""
        return self._people

    @property
    def connection_state(self) -> rtc.ConnectionState.ValueType:
        """As if it were joined."""
        return rtc.ConnectionState.CONN_CONNECTED

    def isconnected(self) -> bool:
        """As if it were joined."""
        return True

    @property
    def sent(self) -> list[SentText]:
        """What the agent has sent, in order."""
        return self._agent.sent

    @property
    def pressed(self) -> str:
        """The keys that the agent has pressed, in order."""
        return "".join(self._agent.pressed)

    def press(self, identity: str, key: str) -> None:
        """Press a key of this person's telephone."""
        person = self._people[identity]
        self.emit("sip_dtmf_received", rtc.SipDTMF(code=0, digit=key, participant=person))

    def register_byte_stream_handler(self, topic: str, handler: Callable[[Any, str], None]) -> None:
        """Take files that are sent on a topic."""
        if topic in self._takers:
            raise ValueError(f"byte stream handler for topic '{topic}' already set")
        self._takers[topic] = handler

    def unregister_byte_stream_handler(self, topic: str) -> None:
        """Take them no more."""
        self._takers.pop(topic, None)

    def enter(self, caller: WrittenCaller) -> None:
        """Somebody comes."""
        kinds = rtc.ParticipantKind
        person = _CallerHere(
            caller,
            kinds.PARTICIPANT_KIND_SIP if caller.telephone else kinds.PARTICIPANT_KIND_STANDARD,
        )
        self._people[caller.identity] = person
        self.emit("participant_connected", person)

    def leave(self, identity: str) -> None:
        """They go."""
        self.emit("participant_disconnected", self._people.pop(identity))

    async def request(self, identity: str, method: str, payload: str) -> str:
        """Call a procedure of the agent as this person's client.

        Raises:
            RpcError: there is none of this name, or it refuses.
        """
        answer = self._agent.methods.get(method)
        if answer is None:
            code = rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD
            raise rtc.RpcError(code, rtc.RpcError.ErrorMessage[code])
        call = rtc.RpcInvocationData(str(next(self._numbers)), identity, payload, RPC_S, method)
        answered = answer(call)
        return str(await answered if isinstance(answered, Awaitable) else answered)

    def send_file(
        self, identity: str, data: bytes, *, topic: str, name: str, mime_type: str
    ) -> bool:
        """Send the agent a file as this person; returns whether anything takes it."""
        take = self._takers.get(topic)
        if take is None:
            return False
        number = str(next(self._numbers))
        info = ByteStreamInfo(number, mime_type, topic, 0, len(data), {}, name)
        take(_WrittenFile(data, info), identity)
        return True


class _WrittenFile:
    """A stream of bytes that has arrived whole."""

    def __init__(self, data: bytes, info: ByteStreamInfo) -> None:
        self._data = data
        self.info = info

    def __aiter__(self) -> "_WrittenFile":
        return self

    async def __anext__(self) -> bytes:
        if not self._data:
            raise StopAsyncIteration
        data, self._data = self._data, b""
        return data

    def close(self) -> None:
        self._data = b""
