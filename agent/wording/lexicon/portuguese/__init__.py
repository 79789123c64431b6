"""Portuguese."""

from agent.wording.lexicon.consent import Consent
from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.picture_words import PictureWords
from agent.wording.lexicon.portuguese.figures import Portuguese
from agent.wording.lexicon.portuguese.help import HELP
from agent.wording.lexicon.portuguese.line import LINE
from agent.wording.lexicon.portuguese.pieces import PIECES
from agent.wording.lexicon.portuguese.turns import TURNS
from agent.wording.lexicon.portuguese.yes_no import YES_NO
from agent.wording.lexicon.turn_words import spaced

PORTUGUESE = Lexicon(
    code="pt",
    figures=Portuguese(),
    turns=TURNS,
    pieces=PIECES,
    common=spaced(
        """
        o a os as de que e em um uma é por com para não se seu sua ao do da dos das no na mais mas
        você está são muito custa há tem este esta sim posso obrigado hoje às
        """
    ),
    letters="ãõ",
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
    stand_by="Um dos meus motores não responde; outro assume o lugar dele.",
    may_remember="Posso lembrar disso, e do que conversamos, para a próxima vez?",
    recorded="Esta chamada é gravada.",
    farewell="Preciso encerrar a nossa chamada aqui. Até logo.",
    help=HELP,
    line=LINE,
    pictures=PictureWords(
        blind="Desculpe, não consigo ver imagens. Diga-me por palavras o que está nela.",
        unwanted="Nesta chamada não vejo imagens.",
        unreadable="Não consigo abrir isso como imagem. Envie um JPEG, PNG, WebP ou GIF.",
        too_large="A imagem é grande demais: aceito até {mb} MB e {mp} megapixels.",
        too_many="Vejo {most} imagens por pergunta. Pergunte primeiro sobre estas.",
        unfinished="A imagem não chegou inteira. Envie-a outra vez.",
    ),
    consent=Consent(
        sentence="Concordo que o intérprete fale com a minha voz.",
        core="concordo",
        against=("não", "nunca", "jamais", "nem", "tampouco", "discordo", "recuso", "se", "caso"),
    ),
    yes_no=YES_NO,
)
