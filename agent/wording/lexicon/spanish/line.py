"""What is said about the line, in Spanish."""

from agent.wording.lexicon.line_words import LineWords
from agent.wording.lexicon.yes_no import phrases

LINE = LineWords(
    still_there="¿Sigue usted ahí?",
    putting_through="Le paso. Un momento, por favor.",
    busy="Allí está comunicando, así que sigue usted conmigo. ¿En qué más puedo ayudarle?",
    unanswered=("Allí no contesta nadie, así que sigue usted conmigo. ¿En qué más puedo ayudarle?"),
    not_through=("No he podido pasarle, así que sigue usted conmigo. ¿En qué más puedo ayudarle?"),
    no_telephone="Solo puedo pasarle si llama por teléfono.",
    wait=phrases(
        """
        un momento, un momentito, momento, un segundo, un segundito, un minuto, un minutito,
        espere, espera, espere un momento, espera un momento, espere un segundo,
        espera un segundo, espere un minuto, espera un minuto, deme un momento, dame un momento,
        deme un segundo, dame un segundo, deme un minuto, dame un minuto, no cuelgue,
        no cuelgues, ahora vuelvo, enseguida vuelvo, puede esperar, puede esperar un momento,
        puedes esperar, déjeme mirar, déjame mirar, déjeme ver, déjame ver
        """
    ),
    beside=phrases(
        """
        por favor, vale, sí, bueno, ok, okay, ah, eh, perdón, perdone, disculpe, gracias, solo,
        ahora
        """
    ),
)
