"""Portuguese, as callers speak it on both sides of the ocean."""

from agent.wording.lexicon.turn_words import Endings, SpacedEnds, TurnWords, listed, spaced

_GOOD = "bom bem ótimo perfeito legal certo claro verdade interessante fantástico exato fixe"
_HOW = ("", "muito ", "tá ", "está ", "está muito ", "tudo ")
_GO_ON = "continue continua continuar prossiga segue siga avance"

_ENDS = SpacedEnds(
    never=spaced(
        """
        o a os as e ou mas porque que com em de do da dos das no na nos nas ao à aos às meu minha
        seu sua se nosso nossa numa num pelo pela embora quando enquanto uns umas até desde né
        """
    ),
    rarely=spaced("eu é está sou me te quero queria gostaria preciso tenho pode vou"),
    seldom=spaced("um uma para por sem sobre pra muito como onde chamo"),
    never_pairs=spaced("se-não me-chamo é-que por-exemplo número-é nome-é"),
    answer=Endings(
        r"^(?:sim |não )?(?:sou|fui|também|nem|como|e) eu",
        r"^(?:sim |não |claro )+(?:é|está|sou|quero|tenho|pode|vou|preciso)",
        r"\b(?:acho|claro|pois|creio|digo|penso) que (?:sim|não)",
        r"^(?:eu )?(?:já |não |também )+(?:quero|tenho|preciso|vou|sou)",
        r"^(?:isso |assim )?não (?:é|está|tenho|quero|pode|vou)",
    ),
    sentence=Endings(
        r"\b(?:quero|tenho|me dá|dê-me|há|tem|resta|só|preciso de|falta) (?:um|uma)",
        r"\b(?:não|já|o que|como|onde|tudo|isso|nada|sim|que|aqui) (?:\S+ )?"
        r"(?:é|está|sou|quero|tenho|preciso|pode|queria|vou)",
        r"\b(?:quê|qual|como|onde|quem|quanto|assim) (?:\S+ )?(?:é|está|sou)",
        r"\b(?:do que|como|também|nem|sou|fui|menos|só) eu",
        r"\bpode ser",
    ),
    question=Endings(
        r"\S+ (?:é|está|sou|eu|pode|vou)", r"\b(?:para|por|com|de|em|o|a) (?:que|quê)",
        r"\b(?:e|ou) (?:eu|se não)", r"^(?:como|onde|para|por)",
    ),
)  # fmt: skip

TURNS = TurnWords(
    listening=listed(
        """
        sim, uhum, aham, ahã, hum, hum hum, mhm, hm, ah, oh, é, tá, tá bom, tá certo, tá bem, okay,
        ok, entendi, entendo, percebi, percebo, compreendo, já percebi, eu sei, já sei, sei,
        de acordo, com certeza, sem dúvida, isso mesmo, isso, é isso, exatamente, combinado,
        beleza, nossa, obrigado, obrigada, pode continuar, pode falar, pode seguir, sem problema,
        não tem problema, faz sentido
        """
    )
    | {how + word for how in _HOW for word in _GOOD.split()}
    | {go + please for go in _GO_ON.split() for please in ("", " por favor")},
    stops=spaced("espera espere pare para não chega calma desculpa desculpe mas olha olhe peraí"),
    digits=spaced(
        """
        zero um uma dois duas três quatro cinco seis meia sete oito nove dez onze doze treze catorze
        quatorze quinze dezesseis dezasseis dezessete dezassete dezoito dezenove dezanove vinte
        trinta quarenta cinquenta sessenta setenta oitenta noventa duplo
        """
    ),
    scales=spaced("cem cento centos mil milhão milhões"),
    between_digits=spaced("hífen traço"),
    address=spaced("arroba ponto hífen traço sublinhado underline barra"),
    mail=spaced("email e-mail mail correio site página"),
    numbers={
        "telefone": 9, "celular": 9, "telemóvel": 9, "cartão": 15, "iban": 20, "conta": 6,
        "pedido": 6, "encomenda": 6, "cliente": 6, "postal": 7, "cep": 8, "pin": 4, "cpf": 11,
    },
    ends=_ENDS,
)  # fmt: skip
