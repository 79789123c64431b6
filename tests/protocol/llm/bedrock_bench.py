"""The engine `bedrock` on a stand-in that a test scripts."""

from typing import Any

from agent.llm.bedrock import engine as bedrock
from rejoinder.stand_ins.aws_server import AwsStandIn, text_events, tool_events
from tests.protocol.llm.contract import Bench


def bench_of(server: AwsStandIn, **options: Any) -> Bench:
    def say(text: str) -> None:
        server.reply = lambda body: text_events(text)

    def call(*calls: tuple[str, dict[str, Any]]) -> None:
        server.reply = lambda body: tool_events(*calls)

    def fail(after: int) -> None:
        server.llm.exception = "modelStreamErrorException"
        server.llm.fault_after = after

    engine = bedrock.build(bedrock.Options(**options))
    return Bench(engine, server.llm, server.requests, say, call, fail)
