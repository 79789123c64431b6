"""What is said about the line, in Italian."""

from agent.wording.lexicon.line_words import LineWords
from agent.wording.lexicon.yes_no import phrases

LINE = LineWords(
    still_there="È ancora in linea?",
    putting_through="La metto in comunicazione. Un momento, per favore.",
    busy="La linea è occupata, quindi è ancora con me. Che altro posso fare per Lei?",
    unanswered="Non risponde nessuno, quindi è ancora con me. Che altro posso fare per Lei?",
    not_through=(
        "Non sono riuscito a trasferire la chiamata, quindi è ancora con me. Che altro "
        "posso fare per Lei?"
    ),
    no_telephone="Posso trasferire solo chi chiama per telefono.",
    wait=phrases(
        """
        un momento, un momentino, un attimo, un attimino, attimo, un secondo, un secondino,
        un minuto, un minutino, due secondi, due minuti, aspetti, aspetta, aspetti un momento,
        aspetta un momento, aspetti un attimo, aspetta un attimo, aspetti un secondo,
        aspetta un secondo, aspetti un minuto, aspetta un minuto, attenda, attenda un momento,
        attenda in linea, resti in linea, resta in linea, rimanga in linea, non riattacchi,
        non riattaccare, torno subito, mi dia un momento, mi dia un minuto, mi dia un secondo,
        dammi un momento, dammi un attimo, mi faccia vedere, fammi vedere, può aspettare,
        puoi aspettare
        """
    ),
    beside=phrases(
        """
        per favore, per cortesia, prego, sì, va bene, ok, okay, bene, ah, oh, eh, ehm, scusi,
        scusa, mi scusi, grazie, solo
        """
    ),
)
