"""The language model's server with a real model, and the clients people use with it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from livekit.agents import llm

from agent.llm.openai.engine import build, probe
from agent.llm.openai.options import Options
from tests.protocol.model_servers.processes import ServerProcess, started
from tests.protocol.model_servers.small_models import smollm2

pytestmark = pytest.mark.timeout(180)

INSTRUCTIONS = "You are the lighthouse keeper of a small island. " + " ".join(
    f"Rule {n}: on day {n} of a month the lamp of house {n} is cleaned with oil number {n}."
    for n in range(1, 13)
)
"""Some 350 tokens."""
PATIENCE_S = 60.0
# It shares the processor with other tests as an equal: people's calls go first elsewhere.
EQUAL = ("--niceness", "0")
END = 2
"""SmolLM2's token at the end of an answer."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """With one context, which has read INSTRUCTIONS."""
    argv = ("--model", str(smollm2()), "--concurrency", "1", "--queue-size", "2", *EQUAL)
    log = tmp_path_factory.mktemp("llm") / "llm.log"
    with started(
        "model_servers.llm", *argv, log_file=log, SERVE_LLM_INSTRUCTIONS=INSTRUCTIONS
    ) as process:
        process.wait_until_listening()
        process.wait_until_ready()
        yield process


@pytest.fixture
async def http(server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.url}/v1", timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
async def restored(http: httpx.AsyncClient) -> AsyncIterator[None]:
    """For a test that lets the context read something else: then it holds INSTRUCTIONS again."""
    yield
    await ask(http, "Hello.")


def talk(*said: str, system: str = INSTRUCTIONS) -> list[dict[str, str]]:
    """A conversation: the caller first, then in turn."""
    roles = ("user", "assistant")
    return [
        {"role": "system", "content": system},
        *({"role": roles[n % 2], "content": text} for n, text in enumerate(said)),
    ]


async def ask(http: httpx.AsyncClient, *said: str, **fields: Any) -> dict[str, Any]:
    body = {"messages": talk(*said), "max_tokens": 8, "temperature": 0, **fields}
    answer = await http.post("/chat/completions", json=body)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.usefixtures("restored")
async def test_the_official_client_streams_an_answer(server: ServerProcess) -> None:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
        listed = [model.id async for model in client.models.list()]
        stream = await client.chat.completions.create(
            model="any",
            messages=[{"role": "user", "content": "Count from one to five."}],
            max_tokens=20,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    texts = [c.choices[0].delta.content for c in chunks if c.choices]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len([t for t in texts if t]) > 5
    assert {c.model for c in chunks} == set(listed)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 5


async def test_an_answer_can_be_had_whole(http: httpx.AsyncClient) -> None:
    answer = await ask(http, "Say hello.")
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"].strip()
    assert answer["usage"]["completion_tokens"] <= 8


async def test_instructions_have_been_read_before_the_first_question(
    http: httpx.AsyncClient,
) -> None:
    timings = (await ask(http, "Who are you?"))["timings"]
    assert timings["cache_n"] > 300
    assert timings["prompt_n"] < 40


async def test_a_next_turn_reads_what_is_new_alone(http: httpx.AsyncClient) -> None:
    first = await ask(http, "Tell me about the lamp.")
    said = first["choices"][0]["message"]["content"]
    read = first["usage"]["prompt_tokens"]
    timings = (await ask(http, "Tell me about the lamp.", said, "And the oil?"))["timings"]
    assert timings["cache_n"] >= read
    assert timings["prompt_n"] < 40


async def test_what_was_heard_of_an_interrupted_reply_is_read_anew_alone(
    http: httpx.AsyncClient,
) -> None:
    await ask(http, "Tell me a story.", max_tokens=40)
    timings = (await ask(http, "Tell me a story.", "Once", "Wait, who are you?"))["timings"]
    assert timings["cache_n"] > 300
    assert timings["prompt_n"] < 60


async def test_a_client_that_leaves_stops_the_answer(http: httpx.AsyncClient) -> None:
    question, made = "Count from one to two hundred.", 50
    long = {"max_tokens": made, "logit_bias": {str(END): -100}}
    whole = await ask(http, question, **long)
    read = whole["usage"]["prompt_tokens"]
    assert whole["usage"]["completion_tokens"] == made
    body = {"messages": talk(question), "temperature": 0, "stream": True, **long}
    async with http.stream("POST", "/chat/completions", json=body) as answer:
        await anext(answer.aiter_lines())
    # What had been made of the answer when it stopped is known of this history, and no more.
    said = whole["choices"][0]["message"]["content"]
    timings = (await ask(http, question, said, "Go on."))["timings"]
    assert timings["cache_n"] < read + made / 2


@pytest.mark.usefixtures("restored")
async def test_a_client_that_leaves_before_the_first_token_stops_the_reading(
    http: httpx.AsyncClient,
) -> None:
    # Nothing of it has been read: some seconds until the first token.
    body = {"messages": talk("Hello.", system="A tale of foxes. " * 120), "stream": True}
    with pytest.raises(httpx.ReadTimeout):
        await http.post("/chat/completions", json=body, timeout=0.3)
    answer = await http.post("/chat/completions", json=body | {"stream": False, "max_tokens": 1})
    found = answer.json()
    assert found["timings"]["cache_n"] < found["usage"]["prompt_tokens"] / 2


async def test_a_conversation_that_is_too_long_is_told_so(http: httpx.AsyncClient) -> None:
    messages = talk("Hello.", system="A tale of foxes. " * 2000)
    for stream in (False, True):
        answer = await http.post("/chat/completions", json={"messages": messages, "stream": stream})
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "context_length_exceeded"


async def test_an_answer_in_a_given_form(http: httpx.AsyncClient) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 8}},
        "required": ["name"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    answer = await ask(http, "Who are you?", response_format=form, max_tokens=40)
    assert list(json.loads(answer["choices"][0]["message"]["content"])) == ["name"]


async def said_by(engine: llm.LLM[Any], context: llm.ChatContext) -> llm.CompletionUsage:
    """One answer of our engine, which enters the history; what it cost."""
    text, usage = "", None
    async with engine.chat(chat_ctx=context) as stream:
        async for part in stream:
            text += (part.delta.content or "") if part.delta else ""
            usage = part.usage or usage
    assert text.strip()
    assert usage is not None
    context.add_message(role="assistant", content=text)
    return usage


def asked(text: str) -> llm.ChatContext:
    context = llm.ChatContext.empty()
    context.add_message(role="system", content=INSTRUCTIONS)
    context.add_message(role="user", content=text)
    return context


async def test_our_engine_talks_with_it(server: ServerProcess) -> None:
    options = Options(url=f"{server.url}/v1", temperature=0, max_tokens=12)
    assert "first token after" in await probe(options)
    engine = build(options)
    try:
        await said_by(engine, asked("Who are you?"))
        usage = await said_by(engine, asked("Where are you?"))
    finally:
        await engine.aclose()
    assert usage.prompt_cached_tokens > 150


async def test_each_call_of_our_worker_keeps_a_context_of_its_own(tmp_path: Path) -> None:
    argv = ("--model", str(smollm2()), "--concurrency", "2", *EQUAL)
    with started("model_servers.llm", *argv, log_file=tmp_path / "log") as server:
        await asyncio.to_thread(server.wait_until_listening)
        await asyncio.to_thread(server.wait_until_ready)
        options = Options(url=f"{server.url}/v1", temperature=0, max_tokens=12)
        calls = [(build(options), asked(f"Who lives in house {n}?")) for n in (3, 7)]
        try:
            read = [(await said_by(*call)).prompt_tokens for call in calls]
            for (engine, context), known in zip(calls, read, strict=True):
                context.add_message(role="user", content="And who is next door?")
                assert (await said_by(engine, context)).prompt_cached_tokens >= known
        finally:
            for engine, _ in calls:
                await engine.aclose()


async def test_nothing_that_was_said_is_in_the_log(
    http: httpx.AsyncClient, server: ServerProcess
) -> None:
    await ask(http, "Zanzibar?")
    await http.post("/chat/completions", json={"messages": [{"role": "Zanzibar"}]})
    assert re.search("Zanzibar|lighthouse", server.log) is None


def test_a_model_that_is_none_is_said_and_ends_the_server(tmp_path: Path) -> None:
    smollm2()
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(1000))
    argv = ("--model", str(tmp_path / "broken.gguf"))
    with started("model_servers.llm", *argv, log_file=tmp_path / "log") as server:
        assert server.exit_status() == 1
    assert f"cannot start: llama.cpp cannot load {tmp_path}/broken.gguf" in server.log
    assert "Traceback" not in server.log
