"""French."""

from agent.wording.lexicon.consent import Consent
from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.french.figures import French
from agent.wording.lexicon.french.help import HELP
from agent.wording.lexicon.french.line import LINE
from agent.wording.lexicon.french.pieces import PIECES
from agent.wording.lexicon.french.turns import TURNS
from agent.wording.lexicon.french.yes_no import YES_NO
from agent.wording.lexicon.picture_words import PictureWords
from agent.wording.lexicon.turn_words import spaced

FRENCH = Lexicon(
    code="fr",
    figures=French(),
    turns=TURNS,
    pieces=PIECES,
    common=spaced(
        """
        le la les de des du et en un une est que qui pour dans ce cette il elle vous nous je ne pas
        au aux sur avec plus mais votre sont c'est coûte a il y oui bonjour voici à l'été
        """
    ),
    letters="œùêëîû",
    greeting="Bonjour ! Posez-moi toutes vos questions sur ce projet.",
    back="Me revoilà. Continuez, je vous en prie.",
    filler="Un instant.",
    apologies={
        "stt": "Pardon, je n'ai pas compris. Répétez, s'il vous plaît.",
        "llm": "Pardon, je ne trouve pas de réponse pour l'instant. Réessayez, s'il vous plaît.",
        "tts": (
            "Ma voix vient de me lâcher ; ce que je n'ai pas pu dire est dans le texte, "
            "entre parenthèses."
        ),
        "session": (
            "Pardon, quelque chose est tombé en panne de mon côté. Patientez un instant, ou "
            "rappelez, s'il vous plaît."
        ),
    },
    spare_voice="Ma voix vient de me lâcher ; une autre parle à sa place.",
    stand_by="L'un de mes moteurs ne répond pas ; un autre a pris sa place.",
    may_remember="Puis-je retenir cela, et ce dont nous parlons, pour la prochaine fois ?",
    recorded="Cet appel est enregistré.",
    farewell="Je dois mettre fin à notre appel. Au revoir.",
    help=HELP,
    line=LINE,
    pictures=PictureWords(
        blind="Désolé, je ne peux pas voir les images. Dites-moi avec des mots ce qu'elle montre.",
        unwanted="Je ne regarde pas d'images pendant cet appel.",
        unreadable="Je ne peux pas ouvrir cette image. Envoyez un JPEG, PNG, WebP ou GIF.",
        too_large="Cette image est trop grande : j'accepte jusqu'à {mb} Mo et {mp} mégapixels.",
        too_many="Je regarde {most} images par question. Posez d'abord la question sur celles-ci.",
        unfinished="L'image n'est pas arrivée entière. Envoyez-la encore une fois.",
    ),
    consent=Consent(
        sentence="J'accepte que l'interprète parle avec ma voix.",
        core="j'accepte",
        against=(*("ne", "n'accepte", "pas", "non", "jamais", "ni", "refuse", "si", "est-ce"),),
    ),
    yes_no=YES_NO,
)
