"""Turns events of the session and the room into what features are told."""

from collections.abc import Callable

from livekit import rtc
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    FunctionToolsExecutedEvent,
    UserInputTranscribedEvent,
    llm,
)

from agent.call.features import Answer, Features

KEYS = frozenset("0123456789*#ABCD")
"""Keys of telephones; a client's message may hold any text."""
NOT_SERVED = 403
"""Code of the error that a client gets whose person is not served."""


class Happenings:
    """Of one call. Who comes, goes and types is told by `agent.call.callers`."""

    def __init__(
        self,
        room: rtc.Room,
        session: AgentSession[None],
        features: Features,
        *,
        served: Callable[[], str | None],
    ) -> None:
        """Tell `features` from now on; `served`: identity of the caller."""
        self._room = room
        self._features = features
        self._served = served
        session.on("agent_state_changed", self._on_agent_state)
        session.on("conversation_item_added", self._on_item)
        session.on("user_input_transcribed", self._on_transcribed)
        session.on("function_tools_executed", self._on_tools)
        room.on("sip_dtmf_received", self._on_key)
        room.on("participant_attributes_changed", self._on_attributes)

    def began(self) -> None:
        """The room is joined: answer the procedures of all features."""
        self._features.began()
        for name, answer in self._features.methods().items():
            self._room.local_participant.register_rpc_method(name, self._only_served(answer))

    def _only_served(self, answer: Answer) -> Answer:
        async def answered(call: rtc.RpcInvocationData) -> str:
            if call.caller_identity != self._served():
                raise rtc.RpcError(NOT_SERVED, "somebody else is served")
            return await answer(call)

        return answered

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._features.speaking()

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role == "assistant":
            self._features.reply(item.text_content or "", interrupted=item.interrupted)

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            self._features.turn(event.transcript, language=str(event.language or ""))

    def _on_tools(self, event: FunctionToolsExecutedEvent) -> None:
        for call, output in event.zipped():
            self._features.tool(call, output)

    def _on_key(self, event: rtc.SipDTMF) -> None:
        by = event.participant
        if by is not None and by.identity == self._served() and event.digit in KEYS:
            self._features.key(event.digit)

    def _on_attributes(self, changed: dict[str, str], participant: rtc.Participant) -> None:
        if participant.identity == self._served() and isinstance(
            participant, rtc.RemoteParticipant
        ):
            self._features.changed(participant, changed)
