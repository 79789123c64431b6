"""The hotline over documents, asked through livekit-agents' interface."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from livekit.agents import Agent, AgentSession, APIConnectionError, APIConnectOptions, llm
from pydantic import BaseModel, ValidationError

from agent.engines import TABLES
from agent.errors import EngineUnavailable
from agent.llm import handbook
from agent.llm.passages import load_passages
from agent.llm.small_talk import Intent, intent_of
from agent.settings import SECTIONS, engine_options, variable
from model_servers.whisper.settings import WhisperSettings

Said = tuple[Literal["user", "assistant", "cut"], str]
"""Who said what; `cut` is an interrupted answer, as far as it was heard."""

SHIPPED_PASSAGES = load_passages(handbook.SHIPPED)
CONN_OPTIONS = APIConnectOptions(max_retry=0, timeout=5.0)

SPOKEN = [
    ("What is rejoiner?", "about.md"),
    ("what is re joiner", "about.md"),
    ("So what's the name mean?", "about.md"),
    ("Are you a person or a robot?", "about.md"),
    ("How much does it cost?", "about.md"),
    ("What license does it have?", "about.md"),
    ("is Piper GPL.", "about.md"),
    ("What is barge in?", "barge-in.md"),
    ("Hello can you tell me how bargin works?", "barge-in.md"),
    ("Can I interrupt you while you're speaking?", "barge-in.md"),
    ("How can I turn off bargend?", "barge-in.md"),
    ("How do I hear the rest of an answer?", "barge-in.md"),
    ("um which engines are there", "changing-engines.md"),
    ("How do I change the voice?", "changing-engines.md"),
    ("How do I use Olama for the language model?", "changing-engines.md"),
    ("Can I use Open AI?", "changing-engines.md"),
    ("how do i use bed rock", "changing-engines.md"),
    ("How do I use deep seek?", "changing-engines.md"),
    ("Can I use V L L M?", "changing-engines.md"),
    ("What languages do you speak?", "changing-engines.md"),
    ("Do you speak French?", "changing-engines.md"),
    ("How do I change the system prompt?", "changing-engines.md"),
    ("How fast are you?", "latency.md"),
    ("Why is the first answer so slow?", "latency.md"),
    ("Do I need a GPU?", "latency.md"),
    ("What does the bar mean?", "latency.md"),
    ("My microphone doesn't work.", "microphone.md"),
    ("You can't hear me.", "microphone.md"),
    ("Why can't I hear you?", "microphone.md"),
    ("The browser blocked my microphone.", "microphone.md"),
    ("The page says no agent came.", "microphone.md"),
    ("How do I use my own documents?", "own-documents.md"),
    ("Can I use PDF files?", "own-documents.md"),
    ("How do you find an answer?", "own-documents.md"),
    ("Can I call you on the phone?", "phone.md"),
    ("What is SIP?", "phone.md"),
    ("What is live kit?", "playground.md"),
    ("How do I use LiveKit Cloud?", "playground.md"),
    ("Does the playground work?", "playground.md"),
    ("How do I run the worker in production?", "playground.md"),
    ("Where does my voice go?", "privacy.md"),
    ("is my data private.", "privacy.md"),
    ("Is this call being recorded?", "privacy.md"),
    ("Does it work offline without internet?", "privacy.md"),
    ("How do I start this thing?", "starting.md"),
    ("How do I stop the demo?", "starting.md"),
    ("How do I run the test?", "starting.md"),
    ("What python version do I need?", "starting.md"),
    ("Where are the settings?", "starting.md"),
    ("Can I type instead?", "talk-page.md"),
    ("How do I mute myself?", "talk-page.md"),
    ("which browsers are supported.", "talk-page.md"),
    ("How do you know when I'm finished speaking?", "turn-taking.md"),
    ("Why do you cut me off?", "turn-taking.md"),
    ("What is Silaro?", "turn-taking.md"),
]
"""Questions as Whisper tiny.en writes them, and the page that answers."""

UNKNOWN = [
    "What is the capital of France?",
    "What's the weather like today?",
    "Who won the football game last night?",
    "Tell me a joke.",
    "Tell me a story.",
    "What time is it in Tokyo?",
    "How do I bake a chocolate cake?",
    "I would like to order a pizza.",
    "Can you turn on the lights in the kitchen?",
    "What is the population of Germany?",
    "Set a timer for five minutes.",
    "I want to cancel my subscription.",
    "Where can I park my car?",
    "What is quantum computing?",
]


def context(said: Sequence[Said]) -> llm.ChatContext:
    chat_ctx = llm.ChatContext.empty()
    chat_ctx.add_message(role="system", content="Be brief.")
    for who, text in said:
        role: Any = "user" if who == "user" else "assistant"
        chat_ctx.add_message(role=role, content=text, interrupted=who == "cut")
    return chat_ctx


async def ask(*said: Said, **options: Any) -> llm.CollectedResponse:
    async with handbook.build(handbook.Options(**options)) as engine:
        chat = engine.chat(chat_ctx=context(said), conn_options=CONN_OPTIONS)
        async with chat as stream:
            return await stream.collect()


def source(answer: llm.CollectedResponse) -> dict[str, str] | None:
    return answer.extra.get(handbook.SOURCE_KEY)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder of somebody's own documents."""
    (tmp_path / "returns.md").write_text(
        "# Returns\n\n## Can I return something?\n\nYes. Bring it back within thirty days. "
        "Keep the receipt. Opened games are excluded. We refund in cash.\n\n"
        "## Who pays the postage?\n\nWe do.\n",
        encoding="utf-8",
    )
    (tmp_path / "营业时间.md").write_text(
        "# 营业时间\n\n## 几点开门\n\n我们早上九点开门。晚上六点关门。周日休息。\n\n"
        "## 可以停车吗\n\n门口有停车场。第一个小时免费。\n",
        encoding="utf-8",
    )
    return tmp_path


class TestQuestions:
    @pytest.mark.parametrize(("question", "page"), SPOKEN)
    async def test_a_spoken_question_finds_its_page(self, question: str, page: str) -> None:
        answer = await ask(("user", question))
        found = source(answer)
        assert found is not None
        assert found["path"] == page
        assert answer.text

    @pytest.mark.parametrize("question", UNKNOWN)
    async def test_an_unknown_topic_is_admitted_and_two_others_are_offered(
        self, question: str
    ) -> None:
        answer = await ask(("user", question))
        assert source(answer) is None
        assert answer.text.startswith("I know nothing about that. You could ask me about ")
        assert " or " in answer.text

    async def test_an_answer_is_the_sections_sentences_word_for_word(self) -> None:
        answer = await ask(("user", "what is barge in"))
        assert answer.text == (
            "Barge-in means that you may interrupt. Speak while the agent speaks, and it stops in "
            "the middle of its sentence. Then it listens and answers what you said."
        )
        assert source(answer) == {
            "title": "What is barge-in? Can I interrupt you?",
            "path": "barge-in.md",
        }

    async def test_the_source_comes_before_the_first_word_and_sentences_one_by_one(self) -> None:
        async with handbook.build(handbook.Options()) as engine:
            chat = engine.chat(
                chat_ctx=context([("user", "what is barge in")]), conn_options=CONN_OPTIONS
            )
            async with chat as stream:
                deltas = [chunk.delta async for chunk in stream if chunk.delta]
        assert deltas[0].extra is not None
        assert not deltas[0].content
        assert [bool(delta.content) for delta in deltas[1:]] == [True, True, True]

    async def test_a_chunk_that_only_tells_the_source_is_no_output(self) -> None:
        """So it neither ends the time to the first token nor forbids a retry."""
        delta = llm.ChoiceDelta(role="assistant", extra={handbook.SOURCE_KEY: {}})
        assert not llm.ChatChunk(id="x", delta=delta).has_response()

    @pytest.mark.parametrize(
        ("topic", "title"),
        [("coffee", "What does coffee cost?"), ("tea", "What does tea cost?")],
    )
    async def test_a_question_is_understood_from_the_last_answer(
        self, tmp_path: Path, topic: str, title: str
    ) -> None:
        sections = (
            f"# {name}\n\n## What is {name}?\n\nIt is a hot drink.\n\n"
            f"## What does {name} cost?\n\nTwo euros.\n"
            for name in ("coffee", "tea", "cocoa")
        )
        for i, text in enumerate(sections):
            (tmp_path / f"{i}.md").write_text(text)
        talk: list[Said] = [
            ("user", f"What is {topic}?"),
            ("assistant", f"What is {topic}? It is a hot drink."),
            ("user", "And what does it cost?"),
        ]
        found = source(await ask(*talk, folder=tmp_path))
        assert found is not None
        assert found["title"] == title
        elsewhere: list[Said] = [*talk[:2], ("user", "Is it raining?")]
        assert source(await ask(*elsewhere, folder=tmp_path)) is None

    async def test_a_question_parted_by_a_pause_is_joined(self) -> None:
        answer = await ask(("user", "how can I change the"), ("user", "um greeting"))
        found = source(answer)
        assert found is not None
        assert found["title"] == "How do I change the greeting?"


class TestFollowUps:
    QUESTION: Said = ("user", "can I return something")

    async def test_more_goes_on_where_the_answer_ended(self, shop: Path) -> None:
        first = (await ask(self.QUESTION, folder=shop)).text
        assert first == "Yes. Bring it back within thirty days. Keep the receipt."
        talk: list[Said] = [self.QUESTION, ("assistant", first), ("user", "Tell me more.")]
        second = await ask(*talk, folder=shop)
        assert second.text == "Opened games are excluded. We refund in cash."
        assert source(second) == {"title": "Can I return something?", "path": "returns.md"}
        talk += [("assistant", second.text), ("user", "And what else?")]
        third = await ask(*talk, folder=shop)
        assert third.text == "Who pays the postage? We do."
        talk += [("assistant", third.text), ("user", "Go on.")]
        fourth = await ask(*talk, folder=shop)
        assert fourth.text.startswith("That is all I know about returns.")
        assert source(fourth) is None

    @pytest.mark.parametrize("go_on", ["Go on.", "please continue", "Yes, keep going.", "继续"])
    async def test_an_interrupted_answer_goes_on_at_the_cut_sentence(
        self, shop: Path, go_on: str
    ) -> None:
        answer = await ask(
            self.QUESTION, ("cut", "Yes. Bring it back within"), ("user", go_on), folder=shop
        )
        assert answer.text == (
            "Bring it back within thirty days. Keep the receipt. Opened games are excluded."
        )

    async def test_it_goes_on_after_an_order_to_stop(self, shop: Path) -> None:
        answer = await ask(
            self.QUESTION,
            ("cut", "Yes. Bring it back within thirty days. Keep"),
            ("user", "stop"),
            ("assistant", "Okay."),
            ("user", "go on"),
            folder=shop,
        )
        assert answer.text.startswith("Keep the receipt.")

    async def test_an_answer_of_which_nothing_was_heard_is_given_again(self, shop: Path) -> None:
        answer = await ask(self.QUESTION, ("cut", "Y"), ("user", "go on"), folder=shop)
        assert answer.text.startswith("Yes. Bring it back")

    async def test_repeat_says_the_answer_again_with_its_source(self, shop: Path) -> None:
        answer = await ask(
            self.QUESTION,
            ("cut", "Yes. Bring it"),
            ("user", "Could you repeat that, please?"),
            folder=shop,
        )
        assert answer.text == "Yes. Bring it back within thirty days. Keep the receipt."
        assert source(answer) is not None

    async def test_repeat_says_a_greeting_again(self) -> None:
        answer = await ask(("assistant", "Hello! Ask me anything."), ("user", "Sorry, what?"))
        assert answer.text == "Hello! Ask me anything."

    async def test_more_of_nothing_is_an_introduction(self) -> None:
        answer = await ask(("user", "tell me more"))
        assert answer.text.startswith("I answer from documents.")


class TestSmallTalk:
    @pytest.mark.parametrize(
        ("text", "intent"),
        [
            ("Hello?", Intent.GREETING),
            ("Um, hello there.", Intent.GREETING),
            ("How are you today?", Intent.GREETING),
            ("Thank you.", Intent.THANKS),
            ("Okay thanks a lot", Intent.THANKS),
            ("Bye-bye.", Intent.FAREWELL),
            ("Can you repeat that, please?", Intent.REPEAT),
            ("I didn't catch that.", Intent.REPEAT),
            ("what", Intent.REPEAT),
            ("Stop.", Intent.STOP),
            ("okay stop stop", Intent.STOP),
            ("Never mind.", Intent.STOP),
            ("Wait.", Intent.STOP),
            ("What can you do?", Intent.HELP),
            ("Who are you?", Intent.HELP),
            ("Tell me more.", Intent.MORE),
            ("Go on, please.", Intent.MORE),
            ("Okay.", Intent.ASSENT),
            ("Mm-hmm.", Intent.ASSENT),
            ("你好！", Intent.GREETING),
            ("谢谢你。", Intent.THANKS),
            ("请再说一遍。", Intent.REPEAT),
            ("别说了", Intent.STOP),
            ("等一下，等一下。", Intent.STOP),
            ("你能做什么？", Intent.HELP),
            ("继续吧", Intent.MORE),
            ("好的", Intent.ASSENT),
        ],
    )
    def test_a_phrase_is_understood(self, text: str, intent: Intent) -> None:
        assert intent_of(text) is intent

    @pytest.mark.parametrize(
        "text",
        [
            "how do I stop it",
            "Tell me more about engines.",
            "thank you page",
            "What is a wait?",
            "",
        ],
    )
    def test_a_question_with_such_words_is_no_small_talk(self, text: str) -> None:
        assert intent_of(text) is None

    @pytest.mark.parametrize(
        ("said", "answer"),
        [
            ("Hello!", "Hello! What would you like to know?"),
            ("Thanks.", "You're welcome."),
            ("Goodbye.", "Goodbye!"),
            ("Stop.", "Okay."),
            ("No.", "All right. What would you like to know?"),
            ("你好", "你好！你想了解什么？"),
            ("谢谢", "不客气。"),
            ("停", "好的。"),
        ],
    )
    async def test_the_answer_is_short_and_has_no_source(self, said: str, answer: str) -> None:
        got = await ask(("user", said))
        assert got.text == answer
        assert source(got) is None

    async def test_help_names_topics(self) -> None:
        assert (await ask(("user", "What can you do?"))).text == (
            "I answer from documents. You can ask me about what rejoinder is, barge-in or "
            "changing the engines."
        )

    async def test_a_greeting_before_a_question_is_passed_over(self) -> None:
        assert source(await ask(("user", "Hi there, what is barge in?"))) is not None

    async def test_an_agent_that_is_to_speak_first_introduces_itself(self) -> None:
        assert (await ask()).text.startswith("I answer from documents.")
        assert (await ask(("assistant", "Hello!"))).text.startswith("I answer from documents.")


class TestOwnDocuments:
    async def test_chinese_documents_answer_chinese_questions(self, shop: Path) -> None:
        answer = await ask(("user", "请问你们几点开门？"), folder=shop)
        assert answer.text == "我们早上九点开门。晚上六点关门。周日休息。"
        assert source(answer) == {"title": "几点开门", "path": "营业时间.md"}
        assert source(await ask(("user", "附近有停车场吗"), folder=shop)) == {
            "title": "可以停车吗",
            "path": "营业时间.md",
        }

    async def test_an_unknown_topic_is_admitted_in_chinese(self, shop: Path) -> None:
        answer = await ask(("user", "月亮上有兔子吗"), folder=shop)
        assert answer.text == "这个我不知道。你可以问我：Returns、营业时间。"

    async def test_the_number_of_sentences_is_a_setting(self, shop: Path) -> None:
        answer = await ask(("user", "can I return something"), folder=shop, max_sentences=1)
        assert answer.text == "Yes."

    async def test_how_sure_it_must_be_is_a_setting(self, shop: Path) -> None:
        question: Said = ("user", "do I need a receipt for a bicycle from Amsterdam")
        assert source(await ask(question, folder=shop)) is None
        assert source(await ask(question, folder=shop, min_match=0.1)) is not None

    async def test_the_index_is_shared_in_the_process(self, shop: Path) -> None:
        first = handbook.HandbookLLM(handbook.Options(folder=shop))
        second = handbook.HandbookLLM(handbook.Options(folder=shop))
        await ask(("user", "hello"), folder=shop)
        (shop / "returns.md").unlink()
        for engine in (first, second):
            async with engine:
                chat = engine.chat(
                    chat_ctx=context([("user", "can I return something")]),
                    conn_options=CONN_OPTIONS,
                )
                assert source(await chat.collect()) is not None

    async def test_a_folder_without_documents_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(EngineUnavailable, match=r"holds no text; put \.md"):
            await handbook.probe(handbook.Options(folder=tmp_path))
        with pytest.raises(APIConnectionError, match="holds no text") as caught:
            await ask(("user", "hello"), folder=tmp_path)
        assert not caught.value.retryable

    def test_a_folder_that_is_not_there_is_an_impossible_setting(self, tmp_path: Path) -> None:
        with pytest.raises(ValidationError, match="does not point to a directory"):
            handbook.Options(folder=tmp_path / "nothing")


class TestEngine:
    async def test_the_probe_counts_what_there_is(self) -> None:
        line = await handbook.probe(handbook.Options())
        assert line.startswith(f"12 documents with {len(SHIPPED_PASSAGES)} passages in ")

    def test_it_is_named_after_its_folder(self, shop: Path) -> None:
        engine = handbook.build(handbook.Options(folder=shop))
        assert (engine.model, engine.provider) == (shop.name, "rejoinder")
        assert handbook.build(handbook.Options()).model == "handbook"

    async def test_a_session_speaks_the_answer_and_keeps_its_source(self) -> None:
        async with (
            handbook.build(handbook.Options()) as engine,
            AgentSession(llm=engine) as session,
        ):
            await session.start(Agent(instructions=""))
            await session.run(user_input="what is barge in")
            answer = session.history.items[-1]
        assert isinstance(answer, llm.ChatMessage)
        assert answer.role == "assistant"
        assert (answer.text_content or "").startswith("Barge-in means")
        assert answer.extra[handbook.SOURCE_KEY]["path"] == "barge-in.md"

    async def test_closing_twice_and_closing_early_do_no_harm(self) -> None:
        engine = handbook.build(handbook.Options())
        stream = engine.chat(chat_ctx=context([("user", "hello")]), conn_options=CONN_OPTIONS)
        await stream.aclose()
        await stream.aclose()
        await engine.aclose()
        await engine.aclose()


class TestShippedPages:
    PAGES = sorted(handbook.SHIPPED.glob("*.md"))

    def test_every_setting_that_is_named_exists(self) -> None:
        models: list[tuple[str, type[BaseModel]]] = [*SECTIONS.items()]
        models.append(("SERVE_WHISPER_", WhisperSettings))
        for stage in TABLES:
            models += [(f"{stage.upper()}_", options) for _, options in engine_options(stage)]
        known = {"OPENAI_API_KEY", "OPENAI_BASE_URL"}
        for prefix, model in models:
            known |= {variable(prefix, field) for field in model.model_fields}
        named = {
            name
            for page in self.PAGES
            for name in re.findall(r"`([A-Z]+_[A-Z_]+)`", page.read_text(encoding="utf-8"))
        }
        assert len(named) > 20
        assert named <= known

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_a_page_has_one_title_and_short_sentences(self, page: Path) -> None:
        lines = page.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if line.startswith("# ")] == lines[:1]
        passages = [p for p in SHIPPED_PASSAGES if p.path == page.name]
        assert len(passages) >= 3
        for passage in passages:
            assert len(passage.sentences[0].split()) <= 18, passage.sentences[0]
            assert all(len(sentence.split()) <= 32 for sentence in passage.sentences)

    @pytest.mark.parametrize("passage", SHIPPED_PASSAGES, ids=lambda passage: passage.title)
    async def test_every_section_is_found_by_its_own_heading(self, passage: Any) -> None:
        assert source(await ask(("user", passage.title))) == {
            "title": passage.title,
            "path": passage.path,
        }
