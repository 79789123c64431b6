"""Questions to the hotline over documents, asked through livekit-agents' interface."""

from pathlib import Path

import pytest
from livekit.agents import Agent, AgentSession, llm

from agent.llm.handbook import engine as handbook
from agent.llm.marks import SOURCE
from tests.unit.asking import CONN_OPTIONS, SHIPPED_PASSAGES, Said, ask, context, source

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
        delta = llm.ChoiceDelta(role="assistant", extra={SOURCE: {}})
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
        assert answer.extra[SOURCE]["path"] == "barge-in.md"

    async def test_closing_twice_and_closing_early_do_no_harm(self) -> None:
        engine = handbook.build(handbook.Options())
        stream = engine.chat(chat_ctx=context([("user", "hello")]), conn_options=CONN_OPTIONS)
        await stream.aclose()
        await stream.aclose()
        await engine.aclose()
        await engine.aclose()
