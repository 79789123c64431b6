"""What callers say to the hotline besides questions: go on, repeat, stop, hello."""

from pathlib import Path

import pytest

from agent.documents.small_talk import Intent, intent_of
from tests.unit.asking import Said, ask, source


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
