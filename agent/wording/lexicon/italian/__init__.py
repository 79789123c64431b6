"""Italian."""

from agent.wording.lexicon.consent import Consent
from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.italian.figures import Italian
from agent.wording.lexicon.italian.help import HELP
from agent.wording.lexicon.italian.line import LINE
from agent.wording.lexicon.italian.pieces import PIECES
from agent.wording.lexicon.italian.turns import TURNS
from agent.wording.lexicon.italian.yes_no import YES_NO
from agent.wording.lexicon.picture_words import PictureWords
from agent.wording.lexicon.turn_words import spaced

ITALIAN = Lexicon(
    code="it",
    figures=Italian(),
    turns=TURNS,
    pieces=PIECES,
    common=spaced(
        """
        il lo la i gli le di che e è un una in per con non si del della dei al come più ma suo sono
        questo questa molto costa c'è ha alle anche io grazie oggi
        """
    ),
    greeting="Buongiorno! Mi chieda pure quello che vuole su questo progetto.",
    back="Eccomi di nuovo. Continui pure.",
    filler="Un momento.",
    apologies={
        "stt": "Mi scusi, non ho capito. Può ripetere, per favore?",
        "llm": "Mi scusi, in questo momento non mi viene una risposta. Riprovi, per favore.",
        "tts": "Mi è mancata la voce; quello che non ho potuto dire è nel testo, tra parentesi.",
        "session": (
            "Mi scusi, da parte mia si è rotto qualcosa. Attenda un momento o richiami, per favore."
        ),
    },
    spare_voice="Mi è mancata la voce; ne parla un'altra al suo posto.",
    stand_by="Uno dei miei motori non risponde; un altro ha preso il suo posto.",
    may_remember="Posso ricordare questo, e ciò di cui parliamo, per la prossima volta?",
    recorded="Questa chiamata è registrata.",
    farewell="Devo chiudere qui la nostra chiamata. Arrivederci.",
    help=HELP,
    line=LINE,
    pictures=PictureWords(
        blind="Mi dispiace, non posso vedere le immagini. Mi dica a parole che cosa c'è.",
        unwanted="In questa chiamata non guardo immagini.",
        unreadable="Non riesco ad aprirla come immagine. Mandi un JPEG, PNG, WebP o GIF.",
        too_large="L'immagine è troppo grande: accetto fino a {mb} MB e {mp} megapixel.",
        too_many="Guardo {most} immagini per domanda. Chieda prima di queste.",
        unfinished="L'immagine non è arrivata intera. La mandi di nuovo.",
    ),
    consent=Consent(
        sentence="Accetto che l'interprete parli con la mia voce.",
        core="accetto",
        against=("non", "no", "mai", "né", "neanche", "nemmeno", "rifiuto", "se"),
    ),
    yes_no=YES_NO,
)
