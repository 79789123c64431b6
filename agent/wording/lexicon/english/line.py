"""What is said about the line, in English."""

from agent.wording.lexicon.line_words import LineWords
from agent.wording.lexicon.yes_no import phrases

LINE = LineWords(
    still_there="Are you still there?",
    putting_through="I am putting you through. One moment, please.",
    busy="The line there is busy, so you are still with me. What else can I do for you?",
    unanswered=(
        "Nobody takes the call there, so you are still with me. What else can I do for you?"
    ),
    not_through=(
        "I could not put you through, so you are still with me. What else can I do for you?"
    ),
    no_telephone="I can put you through only when you call by telephone.",
    wait=phrases(
        """
        one moment, one second, one minute, one sec, a moment, a second, a minute, a sec,
        just a moment, just a second, just a minute, just a sec, just one moment,
        just one second, just one minute, just one sec, two seconds, hold on, hang on,
        hold the line, please hold, hold on a moment, hold on a second, hold on a minute,
        hold on a sec, hold on one second, hang on a moment, hang on a second, hang on a minute,
        hang on a sec, hang on one second, wait, wait a moment, wait a second, wait a minute,
        wait a sec, wait one moment, wait one second, wait one minute, could you wait,
        can you wait, could you hold, can you hold, give me a moment, give me a second,
        give me a minute, give me a sec, give me one moment, give me one second,
        give me one minute, bear with me, stay on the line, i'll be right back,
        i will be right back, be right back, i'm coming right back, let me check, let me look,
        let me have a look, let me look it up, let me get it, let me find it
        """
    ),
    beside=phrases(
        """
        please, okay, ok, yes, yeah, sure, well, oh, um, uh, hm, sorry, i'm sorry, excuse me,
        so, for me, for a moment, for a second, just, there, thanks, thank you
        """
    ),
)
