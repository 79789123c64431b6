"""Spanish, as callers speak it."""

from agent.wording.lexicon.turn_words import Endings, SpacedEnds, TurnWords, listed, spaced

_GOOD = "bien bueno perfecto genial estupendo claro cierto verdad interesante fantástico exacto"
_HOW = ("", "muy ", "está ", "está muy ", "todo ")
_GO_ON = "siga sigue continúe continúa prosiga adelante"

_ENDS = SpacedEnds(
    never=spaced(
        """
        el la los las y o pero porque que con en de del al a mi tu su si mis tus sus sino aunque
        cuando mientras eh pues nuestro nuestra e u unos unas desde hasta
        """
    ),
    rarely=spaced("yo es está soy me se te le quiero quería quisiera necesito tengo puede"),
    seldom=spaced("un una para por llamo sin sobre muy como donde"),
    never_pairs=spaced("si-no me-llamo es-que por-ejemplo número-es nombre-es"),
    answer=Endings(
        r"^(?:sí |no )?(?:soy|fui|también|tampoco|como|y) yo",
        r"^(?:sí |no |claro )+(?:lo |la )?(?:es|está|soy|quiero|tengo|puede)",
        r"\b(?:creo|claro|pues|ya|digo|supongo) que (?:sí|no)",
        r"^(?:lo |la |los |las |me )(?:quiero|tengo|necesito|quería)",
        r"\ba (?:mí|ti) me",
    ),
    sentence=Endings(
        r"\b(?:quiero|tengo|dame|deme|póngame|ponme|hay|queda|solo|necesito|falta) (?:un|una)",
        r"\b(?:no|ya|lo|la|los|las|que|como|donde|todo|eso|nada|sí) (?:\S+ )?"
        r"(?:es|está|soy|quiero|tengo|necesito|puede|quería)",
        r"\b(?:qué|cuál|cómo|dónde|quién|cuánto|así) (?:\S+ )?(?:es|está|soy)",
        r"\b(?:(?:más|menos|mejor|peor|mayor) que|como|también|tampoco|soy|fui|menos|solo) yo",
        r"\b(?:voto|estoy|está) (?:a favor|por)",
    ),
    question=Endings(
        r"\S+ (?:es|está|soy|yo|puede)", r"(?:para|por|con|de|en|a) que", r"\b(?:y|o) (?:yo|si no)",
        r"^(?:cómo|dónde|por|para)",
    ),
)  # fmt: skip

TURNS = TurnWords(
    listening=listed(
        """
        sí, si, ajá, aja, vale, ya, ya veo, okay, ok, mhm, hm, ah, oh, uy, entiendo, entendido,
        ya entiendo, comprendo, lo sé, ya lo sé, de acuerdo, por supuesto, desde luego, así es,
        eso es, eso, efectivamente, exactamente, correcto, hala, anda, gracias, sin problema,
        no hay problema, no pasa nada, le escucho, te escucho, le sigo, te sigo
        """
    )
    | {how + word for how in _HOW for word in _GOOD.split()}
    | {go + please for go in _GO_ON.split() for please in ("", " por favor", " usted")},
    stops=spaced(
        "espera espere esperen para pare alto no basta perdona perdone disculpe oiga oye pero"
    ),
    digits=spaced(
        """
        cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince
        dieciséis diecisiete dieciocho diecinueve veinte treinta cuarenta cincuenta sesenta setenta
        ochenta noventa doble triple
        """
    ),
    scales=spaced("cien ciento cientos mil millón millones"),
    between_digits=spaced("guion guión"),
    address=spaced("arroba punto guion guión barra bajo subrayado"),
    mail=spaced("correo email e-mail mail web página"),
    numbers={
        "teléfono": 9, "móvil": 9, "celular": 9, "tarjeta": 15, "iban": 20, "cuenta": 6,
        "pedido": 6, "cliente": 6, "referencia": 6, "postal": 5, "pin": 4,
    },
    ends=_ENDS,
)  # fmt: skip
