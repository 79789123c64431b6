"""Asking for a human being, and for help, in Italian."""

from agent.wording.lexicon.help_words import HelpWords
from agent.wording.lexicon.yes_no import phrases

HELP = HelpWords(
    human=phrases(
        """
        un umano, umano, una persona, una persona vera, una persona reale, un essere umano,
        un operatore, operatore, un'operatrice, un agente, un addetto, un consulente,
        un rappresentante, il servizio clienti, qualcuno di reale
        """
    ),
    asking=phrases(
        """
        per favore, per piacere, sì, no, salve, buongiorno, grazie, scusi, adesso, ora, solo,
        voglio, vorrei, mi piacerebbe, ho bisogno di, posso, potrei, può, potrebbe, parlare con,
        parlare, con, mi passi, mi passa, passarmi, mi metta in contatto con, mi colleghi con,
        mi trasferisca a, mi dia, c'è, a, io
        """
    ),
    emergency=phrases(
        """
        è un'emergenza, un'emergenza medica, ho un'emergenza, c'è un'emergenza,
        chiami un'ambulanza, chiama un'ambulanza, serve un'ambulanza, ho bisogno di un'ambulanza,
        chiami la polizia, chiama la polizia, chiami i carabinieri, chiami i pompieri,
        chiami il 112, chiami il 118, c'è un incendio, va a fuoco, un attacco di cuore, un infarto,
        un ictus, non riesco a respirare, non riesce a respirare, non respira, è incosciente,
        è svenuto, è svenuta, perde molto sangue, mi stanno aggredendo, voglio uccidermi,
        togliermi la vita, voglio morire
        """
    ),
    nobody="Da questa chiamata non posso passarle nessuno.",
    no_help="Non posso chiamare i soccorsi. Riagganci e componga subito {number}.",
    own_number="il numero di emergenza",
)
