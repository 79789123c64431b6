"""English."""

from agent.wording.lexicon.consent import Consent
from agent.wording.lexicon.english.figures import English
from agent.wording.lexicon.english.help import HELP
from agent.wording.lexicon.english.line import LINE
from agent.wording.lexicon.english.pieces import PIECES
from agent.wording.lexicon.english.turns import TURNS
from agent.wording.lexicon.english.yes_no import YES_NO
from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.picture_words import PictureWords
from agent.wording.lexicon.turn_words import spaced

ENGLISH = Lexicon(
    code="en",
    figures=English(),
    turns=TURNS,
    pieces=PIECES,
    common=spaced(
        """
        the of and to a in is that it you for on are with as this be at have from or by not but what
        your can will would i'm it's we my do an was about there which when how please yes costs
        takes has one all if they see call me my now then here this these how hello per come plus
        die war hat son also more on no if so us am me long sale van de me les
        """
    ),
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
    stand_by="One of my engines does not answer; another one has taken its place.",
    may_remember="May I remember this, and what we talk about, for next time?",
    recorded="This call is recorded.",
    farewell="I have to end our call here. Goodbye.",
    help=HELP,
    line=LINE,
    pictures=PictureWords(
        blind="Sorry, I cannot see pictures. Please tell me in words what is in it.",
        unwanted="I do not look at pictures in this call.",
        unreadable="I cannot open that as a picture. Please send a JPEG, PNG, WebP or GIF.",
        too_large="That picture is too large: I take up to {mb} MB and {mp} megapixels.",
        too_many="I look at {most} pictures with one question. Please ask about these first.",
        unfinished="The picture did not arrive whole. Please send it again.",
    ),
    consent=Consent(
        sentence="I agree that the interpreter speaks with my voice.",
        core="I agree",
        against=(
            *("not", "don't", "no", "never", "nor", "neither", "cannot", "can't", "won't"),
            *("disagree", "refuse", "if", "whether", "unless"),
            *("do I agree", "should I agree", "would I agree"),
        ),
    ),
    yes_no=YES_NO,
)
