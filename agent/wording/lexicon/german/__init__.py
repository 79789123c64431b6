"""German."""

from agent.wording.lexicon.consent import Consent
from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.german.figures import German
from agent.wording.lexicon.german.help import HELP
from agent.wording.lexicon.german.line import LINE
from agent.wording.lexicon.german.pieces import PIECES
from agent.wording.lexicon.german.turns import TURNS
from agent.wording.lexicon.german.yes_no import YES_NO
from agent.wording.lexicon.picture_words import PictureWords
from agent.wording.lexicon.turn_words import spaced

GERMAN = Lexicon(
    code="de",
    figures=German(),
    turns=TURNS,
    pieces=PIECES,
    common=spaced(
        """
        der die das und ist in zu den dem ein eine einen nicht mit sich auf für von im am es sie ich
        wir ihr auch als an bei nach wie kostet haben hat sind um uhr oder aber wird kann bitte also
        war man so
        """
    ),
    letters="ß",
    greeting="Hallo! Fragen Sie mich, was Sie über dieses Projekt wissen möchten.",
    back="Da bin ich wieder. Sprechen Sie bitte weiter.",
    filler="Einen Moment.",
    apologies={
        "stt": "Entschuldigung, das habe ich nicht verstanden. Bitte sagen Sie es noch einmal.",
        "llm": (
            "Entschuldigung, mir fällt gerade keine Antwort ein. Bitte versuchen Sie es noch "
            "einmal."
        ),
        "tts": (
            "Meine Stimme hat gerade versagt; was ich nicht sagen konnte, steht in Klammern "
            "im Text."
        ),
        "session": (
            "Entschuldigung, bei mir ist etwas kaputtgegangen. Bitte warten Sie einen "
            "Moment, oder rufen Sie noch einmal an."
        ),
    },
    spare_voice="Meine Stimme hat gerade versagt; eine andere spricht an ihrer Stelle.",
    stand_by="Einer meiner Dienste antwortet nicht; ein anderer ist für ihn eingesprungen.",
    may_remember="Darf ich mir das, und worüber wir sprechen, für das nächste Mal merken?",
    recorded="Dieses Gespräch wird aufgezeichnet.",
    farewell="Ich muss unser Gespräch hier beenden. Auf Wiederhören.",
    help=HELP,
    line=LINE,
    pictures=PictureWords(
        blind="Leider kann ich keine Bilder sehen. Bitte sagen Sie mir in Worten, was darauf ist.",
        unwanted="In diesem Gespräch sehe ich mir keine Bilder an.",
        unreadable="Das kann ich nicht als Bild öffnen. Bitte senden Sie JPEG, PNG, WebP, GIF.",
        too_large="Das Bild ist zu groß: Ich nehme bis zu {mb} MB und {mp} Megapixel.",
        too_many="Zu einer Frage sehe ich mir {most} Bilder an. Bitte fragen Sie erst nach diesen.",
        unfinished="Das Bild ist nicht ganz angekommen. Bitte senden Sie es noch einmal.",
    ),
    consent=Consent(
        sentence="Ich bin einverstanden, dass der Dolmetscher mit meiner Stimme spricht.",
        core="einverstanden",
        against=(
            *("nicht", "nein", "nie", "niemals", "kein", "keine", "keineswegs", "ungern"),
            *("wenn", "falls", "ob", "wäre"),
        ),
    ),
    yes_no=YES_NO,
)
