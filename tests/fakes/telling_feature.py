"""A feature in one module, as CONTRIBUTING.md says: it tells the room all that it is told."""

from collections.abc import Mapping, Sequence

from livekit import rtc
from livekit.agents import llm

from agent.call.features import Answer, Feature, Surroundings

TOPIC = "test.told"


@llm.function_tool
async def time_of_day() -> str:
    """Tell the time."""
    return "noon"


class Telling(Feature):
    def __init__(self, call: Surroundings) -> None:
        self._call = call

    def tools(self) -> Sequence[llm.Tool]:
        return [time_of_day]

    def methods(self) -> Mapping[str, Answer]:
        return {"test.metadata": self._metadata, "test.fails": self._fail}

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        self._tell("joined", caller.identity, caller.attributes.get("channel", ""), back)

    def changed(self, caller: rtc.RemoteParticipant, attributes: Mapping[str, str]) -> None:
        self._tell("changed", caller.identity, dict(attributes))

    def left(self, identity: str) -> None:
        self._tell("left", identity)

    def typed(self, text: str) -> None:
        self._tell("typed", text)

    def key(self, key: str) -> None:
        self._tell("key", key)

    def turn(self, text: str, *, language: str) -> None:
        self._tell("turn", text)
        raise RuntimeError("a feature never ends the call")

    def speaking(self) -> None:
        self._tell("speaking")

    def reply(self, text: str, *, interrupted: bool) -> None:
        self._tell("reply", text, interrupted)

    def tool(self, call: llm.FunctionCall, output: llm.FunctionCallOutput) -> None:
        self._tell("tool", call.name, output.output)

    async def _metadata(self, call: rtc.RpcInvocationData) -> str:
        return self._call.metadata.text

    async def _fail(self, call: rtc.RpcInvocationData) -> str:
        raise RuntimeError(call.payload)

    def _tell(self, what: str, *more: object) -> None:
        self._call.notices.publish(TOPIC, {"told": [what, *more]})


def feature(call: Surroundings) -> Feature | None:
    return Telling(call)
