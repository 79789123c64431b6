"""Engine `plugin` with a language model's plug-in: livekit-plugins-openai."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import livekit.plugins.openai  # noqa: F401 - plug-ins are imported on the main thread
import pytest
from livekit.agents import APIStatusError, llm, metrics
from pydantic import SecretStr

from agent.errors import ConfigError, EngineUnavailable
from agent.llm.alternation import BROKEN_IN, OPENING, SILENCE
from agent.llm.plugin import engine as plugin
from agent.llm.plugin.history import in_turns
from agent.llm.plugin.options import Options
from rejoinder.stand_ins.openai_server import OpenAIStandIn, strict_template
from tests.protocol.llm.contract import RETRYING, Bench, LLMContract, get_weather
from tests.protocol.llm.test_openai_chat import bench_of


def options(url: str, **further: Any) -> Options:
    arguments = {"base_url": url, "api_key": "k", "model": "stand-in", **further}
    return Options(plugin="openai.LLM", plugin_options=arguments)


async def make(url: str, **further: Any) -> llm.LLM[Any]:
    return await asyncio.to_thread(plugin.build, options(url, **further))


@pytest.fixture
async def bench(openai_server: OpenAIStandIn) -> AsyncIterator[Bench]:
    engine = await make(openai_server.url)
    yield bench_of(openai_server, engine)
    await engine.aclose()


@pytest.fixture
async def unreachable(closed_port: int) -> llm.LLM[Any]:
    return await make(f"http://127.0.0.1:{closed_port}/v1")


class TestContract(LLMContract):
    pass


async def test_options_reach_the_wire(openai_server: OpenAIStandIn) -> None:
    engine = await make(openai_server.url, temperature=0.5, extra_body={"top_k": 7})
    async with engine:
        await bench_of(openai_server, engine).answer(tools=[get_weather], tool_choice="required")
    body = openai_server.requests[0].body
    assert body["model"] == "stand-in"
    assert body["temperature"] == 0.5
    assert body["top_k"] == 7
    assert body["tool_choice"] == "required"


async def test_what_it_costs_is_told_once(bench: Bench) -> None:
    told: list[metrics.LLMMetrics] = []
    bench.engine.on("metrics_collected", told.append)
    await bench.answer()
    assert len(told) == 1
    assert told[0].prompt_tokens == 5


async def test_a_strict_template_takes_a_call_s_conversation(
    bench: Bench, openai_server: OpenAIStandIn
) -> None:
    openai_server.refuse = strict_template
    chat_ctx = llm.ChatContext.empty()
    for role, text in (
        ("system", "Be brief."), ("assistant", "Hello!"), ("user", "a"), ("assistant", "b"),
        ("system", "Be briefer."), ("user", "c"), ("assistant", "d"),
    ):  # fmt: skip
        chat_ctx.add_message(role=role, content=text)  # type: ignore[arg-type]
    stream = bench.engine.chat(chat_ctx=chat_ctx, conn_options=RETRYING)
    assert (await stream.collect()).text == "Hello."
    sent = openai_server.requests[-1].body["messages"]
    assert sent[0] == {"role": "system", "content": "Be brief."}
    assert sent[1]["content"] == OPENING
    assert sent[-1]["content"] == SILENCE
    assert sent[-3]["content"] == "Be briefer.\nc"
    assert len(chat_ctx.items) == 7, "the history itself is not changed"


def test_calls_of_tools_stay_with_their_message_and_their_results() -> None:
    ask = llm.ChatMessage(role="user", content=["Weather?"])
    one = llm.ChatMessage(id="one", role="assistant", content=["Let me"])
    other = llm.ChatMessage(id="other", role="assistant", content=["see."])
    call = llm.FunctionCall(id="other/0", call_id="c", name="get_weather", arguments="{}")
    result = llm.FunctionCallOutput(call_id="c", name="get_weather", output="rain", is_error=False)
    turned = in_turns(llm.ChatContext([ask, one, other, call, result]))
    said, *rest = turned.to_provider_format("openai")[0]
    assert said["content"] == "Weather?"
    assert [message["role"] for message in rest] == ["assistant", "tool"]
    assert rest[0]["content"] == "Let me\nsee."
    assert rest[0]["tool_calls"][0]["id"] == "c"


async def test_a_caller_who_breaks_in_after_a_tool_is_taken_by_a_strict_template(
    bench: Bench, openai_server: OpenAIStandIn
) -> None:
    openai_server.refuse = strict_template
    ask = llm.ChatMessage(role="user", content=["Weather?"])
    call = llm.FunctionCall(call_id="c", name="get_weather", arguments="{}")
    result = llm.FunctionCallOutput(call_id="c", name="get_weather", output="rain", is_error=False)
    wait = llm.ChatMessage(role="user", content=["Wait!"])
    chat_ctx = llm.ChatContext([ask, call, result, wait])
    stream = bench.engine.chat(chat_ctx=chat_ctx, conn_options=RETRYING)
    assert (await stream.collect()).text == "Hello."
    assert openai_server.requests[-1].body["messages"][-2]["content"] == BROKEN_IN


async def test_a_closed_model_refuses_without_another_try(bench: Bench) -> None:
    await bench.engine.aclose()
    errors: list[Any] = []
    bench.engine.on("error", errors.append)
    with pytest.raises(Exception, match="was closed"):
        await bench.answer(conn_options=RETRYING)
    assert len(errors) == 1


async def test_a_refused_key_is_told_and_not_retried(openai_server: OpenAIStandIn) -> None:
    openai_server.api_key = "right"
    async with await make(openai_server.url, api_key="wr0ng") as engine:
        with pytest.raises(APIStatusError) as caught:
            await bench_of(openai_server, engine).answer(conn_options=RETRYING)
    assert caught.value.status_code == 401
    assert len(openai_server.requests) == 1


async def test_the_probe_names_model_service_plugin_and_time(openai_server: OpenAIStandIn) -> None:
    said = await plugin.probe(options(openai_server.url))
    assert said.startswith("stand-in of 127.0.0.1:")
    assert "(openai.LLM): first token after " in said


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "OPENAI_API_KEY, or its argument in LLM_PLUGIN_OPTIONS"),
        (404, r"look at the model .* \(set: base_url, api_key, model\)"),
        (429, "quota"),
        (500, "log"),
    ],
)
async def test_the_probe_says_what_to_do_about_a_refusal(
    openai_server: OpenAIStandIn, status: int, advice: str
) -> None:
    openai_server.llm.status = status
    with pytest.raises(EngineUnavailable, match=advice):
        await plugin.probe(options(openai_server.url, api_key=SecretStr("wr0ng")))


async def test_the_probe_says_that_nothing_listens(closed_port: int) -> None:
    with pytest.raises(EngineUnavailable, match=r"cannot use its service.*is it running"):
        await plugin.probe(options(f"http://127.0.0.1:{closed_port}/v1"))


def test_a_maker_of_another_service_can_be_named() -> None:
    named = Options(plugin="openai.LLM.with_cerebras", plugin_options={"api_key": "k"})
    engine = plugin.build(named)
    assert engine.model == "gpt-oss-120b"
    assert engine.provider == "api.cerebras.ai"
    wrong = Options(plugin="openai.LLM.with_cerebras", plugin_options={"modle": "x"})
    with pytest.raises(ConfigError, match="did you mean model?"):
        plugin.build(wrong)
