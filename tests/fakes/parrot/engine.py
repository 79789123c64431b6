"""Says what it heard."""

from typing import Any

from livekit.agents import APIConnectOptions, llm
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

from tests.fakes.parrot.options import Options


class Parrot(llm.LLM[str]):
    """Repeats the last message of a chat."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_: Any,
    ) -> llm.LLMStream:
        return _Stream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Stream(llm.LLMStream):
    async def _run(self) -> None:
        assert isinstance(self._llm, Parrot)
        [*_, last] = self._chat_ctx.messages()
        text = " ".join([last.text_content or ""] * self._llm.options.times)
        delta = llm.ChoiceDelta(role="assistant", content=text)
        self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))


def build(options: Options) -> Parrot:
    return Parrot(options)


async def probe(options: Options) -> str:
    return f"says it {options.times} times"
