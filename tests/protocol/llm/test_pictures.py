"""A question with a picture: how each engine sends it, and what comes of it where none is seen."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import livekit.plugins.openai  # noqa: F401 - plug-ins are imported on the main thread
import pytest
from livekit.agents import APIError, llm

from agent.costs.meter import EngineMeter, Place
from agent.llm.failover import FailoverLLM
from agent.llm.handbook import engine as handbook
from agent.llm.metered import MeteredLLM
from agent.llm.openai import engine as openai
from agent.llm.plugin import engine as plugin
from agent.llm.sight import MARK, CannotSee, without_pictures
from agent.pictures.reading import read_picture
from rejoinder.stand_ins.aws_server import AwsStandIn
from rejoinder.stand_ins.openai_server import OpenAIStandIn, strict_template
from tests.fakes.line_up import Servers, two_servers
from tests.fakes.pictures import colour_of, picture, shown_to, words_of
from tests.protocol.llm.bedrock_bench import bench_of as bedrock_bench
from tests.protocol.llm.contract import RETRYING, get_weather
from tests.protocol.llm.test_openai_chat import make
from tests.protocol.llm.test_plugin import options as plugin_options

Model = llm.LLM[Any]
TEXT_ONLY = "stand-in is not a multimodal model"


def question(colour: str = "red", *, further: int = 0) -> llm.ChatContext:
    """A greeting, perhaps some turns, and a question about a picture."""
    chat = llm.ChatContext.empty()
    chat.add_message(role="system", content="Be brief.")
    chat.add_message(role="assistant", content="Hello!")
    for n in range(further):
        chat.add_message(role="user", content=f"Question {n}?")
        chat.add_message(role="assistant", content=f"Answer {n}.")
    image = read_picture(picture(colour), longest_px=64).content()
    chat.add_message(role="user", content=[image, MARK, "What is this?"])
    return chat


async def ask(model: Model, chat: llm.ChatContext, **request: Any) -> str:
    async with model.chat(chat_ctx=chat, conn_options=RETRYING, **request) as stream:
        return (await stream.collect()).text


def refuse_pictures(said: Any) -> Callable[[dict[str, Any]], Any]:
    def refuse(body: dict[str, Any]) -> Any:
        return said if any(shown_to(message) for message in body["messages"]) else None

    return refuse


@pytest.fixture(params=["openai", "plugin"])
async def model(
    request: pytest.FixtureRequest, openai_server: OpenAIStandIn
) -> AsyncIterator[Model]:
    """An engine that asks `openai_server`."""
    if request.param == "openai":
        made: Model = await make(openai_server)
    else:
        made = await asyncio.to_thread(plugin.build, plugin_options(openai_server.url))
    async with made:
        yield made


class TestOpenAI:
    async def test_a_picture_is_sent_with_the_words_of_its_question(
        self, openai_server: OpenAIStandIn, model: Model
    ) -> None:
        openai_server.refuse = strict_template
        assert await ask(model, question("blue"), tools=[get_weather]) == "Hello."
        last = openai_server.requests[-1].body["messages"][-1]
        assert last["role"] == "user"
        assert shown_to(last) == ["blue"]
        assert words_of(last) == f"{MARK}\nWhat is this?"

    async def test_a_template_without_a_system_role_is_sent_it_too(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.refuse = lambda body: (
            "System role not supported" if body["messages"][0]["role"] == "system" else None
        )
        chat = llm.ChatContext([item for item in question().items if item.type == "message"])
        chat.items.pop(1)
        async with await make(openai_server) as model:
            await ask(model, chat)
        [only] = openai_server.requests[-1].body["messages"]
        assert shown_to(only) == ["red"]
        assert words_of(only).startswith("Be brief.")

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            (400, TEXT_ONLY),
            (404, "No endpoints found that support image input"),
            (500, "image input is not supported - hint: you may need to provide the mmproj"),
        ],
    )
    async def test_a_model_that_takes_none_is_asked_once_and_then_in_words_alone(
        self, openai_server: OpenAIStandIn, model: Model, status: int, said: str
    ) -> None:
        openai_server.refuse, openai_server.refuse_status = refuse_pictures(said), status
        for _ in range(2):
            with pytest.raises(CannotSee):
                await ask(model, question())
        assert len(openai_server.requests) == 1, "then it is known"
        assert await ask(model, without_pictures(question())) == "Hello."
        last = openai_server.requests[-1].body["messages"][-1]
        assert last["content"] == f"{MARK}\nWhat is this?", "servers of words alone take a text"

    async def test_a_refusal_that_says_nothing_is_of_this_picture_alone(
        self, openai_server: OpenAIStandIn, model: Model
    ) -> None:
        assert await ask(model, question()) == "Hello."
        openai_server.refuse = refuse_pictures("bad request")
        with pytest.raises(CannotSee):
            await ask(model, question())
        openai_server.refuse = lambda body: None
        assert await ask(model, question()) == "Hello."

    async def test_another_model_of_the_same_server_may_see(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.refuse = lambda body: TEXT_ONLY if body["model"] == "stand-in" else None
        async with await make(openai_server) as model:
            with pytest.raises(CannotSee):
                await ask(model, question())
            assert await ask(model, question(), extra_kwargs={"model": "sees"}) == "Hello."

    async def test_pictures_for_which_there_is_no_room_are_not_seen(
        self, openai_server: OpenAIStandIn
    ) -> None:
        openai_server.refuse = refuse_pictures("maximum context length is 4096 tokens")
        async with await make(openai_server) as model:
            with pytest.raises(CannotSee):
                await ask(model, question(further=2))
            assert await ask(model, without_pictures(question())) == "Hello."


class TestBedrock:
    async def test_a_picture_is_sent_as_a_block(self, amazon: AwsStandIn) -> None:
        bench = bedrock_bench(amazon)
        async with bench.engine as model:
            assert await ask(model, question("green")) == "Hello."
        [image, *texts] = amazon.requests[0].body["messages"][-1]["content"]
        assert image["image"]["format"] == "jpeg"
        assert colour_of(base64.b64decode(image["image"]["source"]["bytes"])) == "green"
        assert [block["text"] for block in texts] == [MARK, "What is this?"]

    async def test_a_model_that_takes_none_is_asked_once_and_then_in_words_alone(
        self, amazon: AwsStandIn
    ) -> None:
        async with bedrock_bench(amazon).engine as model:
            amazon.llm.status, amazon.llm.failures = 400, 1
            amazon.llm.message = (
                "This model doesn't support the image field. Remove image and try again."
            )
            for _ in range(2):
                with pytest.raises(CannotSee):
                    await ask(model, question())
            assert len(amazon.requests) == 1, "then it is known"
            assert await ask(model, without_pictures(question())) == "Hello."


async def test_a_picture_counts_for_about_a_thousand_tokens_where_none_are_told(
    openai_server: OpenAIStandIn,
) -> None:
    place = Place("llm", 1, "openai", "openai", hosted=False)
    async with await make(openai_server) as engine:
        meter = EngineMeter(place, engine)
        model = MeteredLLM(engine, meter)
        await ask(model, without_pictures(question()))
        words = meter.usage(final=True)[0].told.prompt
        await ask(model, question())
        assert meter.usage(final=True)[0].told.prompt - 2 * words == 4000


async def test_the_embedded_handbook_sees_none() -> None:
    model = handbook.build(handbook.Options())
    with pytest.raises(CannotSee):
        await ask(model, question())
    assert await ask(model, without_pictures(question()))


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    async with two_servers() as servers:
        servers.far.reply = lambda messages: "Far."
        yield servers


@pytest.fixture
async def listed(servers: Servers) -> AsyncIterator[FailoverLLM]:
    async with FailoverLLM(servers.line_up(openai), stall_s=0.8) as listed:
        yield listed


async def test_the_first_of_a_list_that_sees_is_shown_it_and_the_others_stay_in_their_places(
    servers: Servers, listed: FailoverLLM
) -> None:
    servers.near.refuse = refuse_pictures(TEXT_ONLY)
    assert await ask(listed, question()) == "Far."
    assert await ask(listed, question()) == "Far."
    assert await ask(listed, without_pictures(question())) == "Hello.", "the first one answers"
    assert len(servers.near.of("llm")) == 2


async def test_a_list_of_which_none_sees_says_so_also_when_some_of_it_is_dead(
    servers: Servers, listed: FailoverLLM
) -> None:
    await servers.proxy.die()
    servers.far.refuse = refuse_pictures(TEXT_ONLY)
    with pytest.raises(CannotSee):
        await ask(listed, question())
    assert await ask(listed, without_pictures(question())) == "Far."
    servers.far.refuse = lambda body: "no"
    with pytest.raises(APIError) as caught:
        await ask(listed, without_pictures(question()))
    assert not isinstance(caught.value, CannotSee)
