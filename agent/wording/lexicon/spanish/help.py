"""Asking for a human being, and for help, in Spanish."""

from agent.wording.lexicon.help_words import HelpWords
from agent.wording.lexicon.yes_no import phrases

HELP = HelpWords(
    human=phrases(
        """
        un humano, humano, una persona, persona, una persona real, una persona de verdad,
        un ser humano, un agente, agente, una agente, un operador, operador, una operadora,
        operadora, un representante, un asesor, una asesora, atención al cliente, alguien de verdad
        """
    ),
    asking=phrases(
        """
        por favor, sí, no, hola, bueno, gracias, perdón, ahora, solo, es que, quiero, quisiera,
        querría, me gustaría, necesito, puedo, podría, puede, quiero hablar con, hablar con,
        hablar, con, comunicarme con, páseme con, páseme a, pásame con, póngame con, ponme con,
        comuníqueme con, conécteme con, transfiérame a, transfiérame con, deme, hay, a, yo
        """
    ),
    emergency=phrases(
        """
        es una emergencia, una emergencia médica, tengo una emergencia, hay una emergencia,
        llame a una ambulancia, llama a una ambulancia, necesito una ambulancia,
        necesitamos una ambulancia, una ambulancia por favor, llame a la policía,
        llama a la policía, necesito a la policía, llame al 112, llame al 911, hay un incendio,
        hay fuego, se está quemando, un ataque al corazón, un infarto, un derrame,
        no puedo respirar, no puede respirar, no respira, está inconsciente, sangra mucho,
        me están atacando, están entrando en mi casa, quiero matarme, quitarme la vida,
        quiero morir
        """
    ),
    nobody="Desde esta llamada no puedo comunicarle con nadie.",
    no_help="No puedo pedir ayuda por usted. Cuelgue y marque {number} ahora mismo.",
    own_number="el número de emergencias",
)
