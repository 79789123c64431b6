"""English."""

from agent.wording.lexicon.english.figures import English
from agent.wording.lexicon.entry import Lexicon

ENGLISH = Lexicon(
    code="en",
    figures=English(),
    greeting="Hello! Ask me anything about this project.",
    back="I am back. Please go on.",
    filler="One moment.",
    apologies={
        "stt": "Sorry, I could not make that out. Please say it again.",
        "llm": "Sorry, I cannot think of an answer right now. Please try again.",
        "tts": "My voice failed just now; what I could not say is in the text, in brackets.",
        "session": "Sorry, something broke on my side. Please hold on, or call again.",
    },
    spare_voice="My voice failed just now; another one speaks in its place.",
)
