"""Questions as callers put them, and the section of the shipped handbook that answers."""

import pytest

from agent.documents.small_talk import Intent, intent_of, without_lead_in
from tests.unit.asking import ask, source

SPOKEN = [
    ("Does anything leave my machine?", "Is my data private? Where does my voice go?"),
    ("does anything leave my computer", "Is my data private? Where does my voice go?"),
    ("does my voice leave this laptop", "Is my data private? Where does my voice go?"),
    ("is anything sent to the cloud", "Do you send my data to the internet or the cloud?"),
    ("are my words sent to open ai", "Do you send my data to the internet or the cloud?"),
    ("do you keep a recording of what i say", "Is this call recorded? Is anything kept?"),
    (
        "thank you. and does it work without internet?",
        "Does it work offline, without an internet connection?",
    ),
    ("Wait, stop. How do I start the demo?", "How do I start the demo?"),
    ("wait stop how do i start the demo", "How do I start the demo?"),
    ("stop wait i said how do i launch the demo", "How do I start the demo?"),
    ("no i mean how do i change the voice", "How do I change the voice?"),
    ("sorry I meant, can I use my own documents?", "How do I use my own documents?"),
    ("hold on what does the bar under the answer mean", "What does the bar under an answer show?"),
    ("okay thanks and how do i hang up", "How do I end the call or hang up?"),
    ("stop stop what is bargin", "What is barge-in? Can I interrupt you?"),
    ("actually never mind is this call recorded", "Is this call recorded? Is anything kept?"),
    ("what do i have to install first", "What do I need to install? Which version of Python?"),
    ("how do i quit the demo", "How do I stop the demo, or shut it down?"),
    ("do you remember our conversation", "Do you remember what I said?"),
    ("is it free or do i have to pay", "How much does it cost? Is it free?"),
    ("can i run this without a graphics card", "Do I need a graphics card?"),
    ("why is it so slow", "Why are you so slow?"),
    ("can i plug in a different speech recognizer", "How do I change the speech recogniser?"),
    ("which languages can you understand", "Which languages do you speak and understand?"),
    ("i cant hear you", "Why can't I hear you? There is no sound"),
    ("my mic doesnt work", "Why can't you hear me? My microphone does not work"),
    ("can i call from my telephone", "Can I call it by phone?"),
    ("what if you dont find the answer in my docs", "What if the answer is not in the documents?"),
    ("you cut me off when i pause", "Why do you cut me off, or interrupt me when I pause?"),
    ("can i write instead of talking", "Can I type instead of speaking?"),
    ("does it work in fire fox", "Which browsers are supported?"),
    ("does the noise in my room matter", "Does background noise disturb you?"),
    (
        "how do i run the worker on a production server",
        "How do I run the worker in production? How do I deploy it?",
    ),
]
"""Question → heading. Most are written as a recogniser writes them: small, without marks."""

NOT_IN_THE_HANDBOOK = [
    "my computer is broken",
    "how do i quit smoking",
    "how do i launch a rocket",
    "how do i record a podcast",
    "stop wait what is the weather",
    "where can i buy a laptop",
]


@pytest.mark.parametrize(("question", "heading"), SPOKEN)
async def test_a_question_finds_its_section(question: str, heading: str) -> None:
    found = source(await ask(("user", question)))
    assert found is not None
    assert found["title"] == heading


@pytest.mark.parametrize("question", NOT_IN_THE_HANDBOOK)
async def test_words_that_mean_the_same_do_not_answer_what_nobody_wrote_about(
    question: str,
) -> None:
    assert source(await ask(("user", question))) is None


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Wait, stop. How do I start?", "How do I start?"),
        ("stop stop what is it", "what is it"),
        ("no no what i wanted to know is how to run it", "how to run it"),
        ("Thanks. The voice, please", "The voice, please"),
        ("right now is it slow", "is it slow"),
        ("停，怎么开始", "怎么开始"),
        ("stop the demo", "stop the demo"),
        ("good voices for german", "good voices for german"),
        ("right-click it", "right-click it"),
        ("can you hear me on the phone", "can you hear me on the phone"),
        ("what", "what"),
        ("Stop.", "Stop."),
    ],
)
def test_a_question_begins_after_what_leads_in_to_it(said: str, asked: str) -> None:
    assert without_lead_in(said) == asked


async def test_an_order_after_a_lead_in_is_still_an_order() -> None:
    assert intent_of(without_lead_in("Wait, stop.")) is Intent.STOP
    assert (await ask(("user", "Hello. Thanks, stop."))).text == "Okay."
