"""Portuguese."""

from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.portuguese.figures import Portuguese

PORTUGUESE = Lexicon(
    code="pt",
    figures=Portuguese(),
    greeting="Olá! Pergunte o que quiser sobre este projeto.",
    back="Voltei. Continue, por favor.",
    filler="Um momento.",
    apologies={
        "stt": "Desculpe, não consegui entender. Repita, por favor.",
        "llm": "Desculpe, não me ocorre uma resposta agora. Tente outra vez, por favor.",
        "tts": (
            "A minha voz falhou agora; o que não consegui dizer está no texto, entre parênteses."
        ),
        "session": (
            "Desculpe, algo falhou do meu lado. Aguarde um momento ou ligue outra vez, por favor."
        ),
    },
    spare_voice="A minha voz falhou agora; outra fala no lugar dela.",
)
