"""French, as callers speak it."""

from agent.wording.lexicon.turn_words import Endings, SpacedEnds, TurnWords, listed, spaced

_GOOD = "bien bon super génial parfait cool intéressant vrai clair top chouette formidable exact"
_HOW = ("", "très ", "c'est ", "trop ", "c'est très ", "tout à fait ", "vraiment ")

_ENDS = SpacedEnds(
    never=spaced(
        """
        et ou que le la les du des dans parce mais à au aux mon ma mes si d'un d'une qu'un qu'une
        ce cette ces votre vos notre nos leur leurs je j'ai c'est euh ainsi afin puisque quand
        lorsque est-ce dont chez vers
        """
    ),
    rarely=spaced("on il suis est sont avons voudrais veux peux"),
    seldom=spaced("un une avec pour de sur m'appelle sans très en qui quel quelle"),
    never_pairs=spaced("numéro-est nom-est adresse-est parce-qu'il parce-qu'elle"),
    answer=Endings(
        r"^(?:oui |non )?(?:c'est )(?:ça|bon|tout)",
        r"^(?:non |oui )*pas (?:si|du|un|une)",
        r"\bmoi si",
    ),
    sentence=Endings(
        r"\b(?:j'|n'|t'|l')?en \S+ (?:pas )?(?:un|une)",
        r"\b(?:vien|ven|fai|vai|va|vas|allons|part|aller|faire|vivre|partir)\w*(?: \S+)? avec",
        r"\b(?:suis|est|sommes|sont|plutôt) pour",
        r"\b(?:où|comment|qui|combien|que|quoi|quand|quel|quelle) (?:\S+ )+(?:est|sont|suis)",
        r"\b(?:ce que|là où|comme|tant que|si) (?:\S+ )?(?:je|on|il) (?:suis|est|veux|peux)",
        r"\b(?:je|on) (?:le |la |les |ne )?(?:veux|peux|voudrais)",
        r"\bfaire sans",
        r"\b(?:ce que|qui|où|comment|quand|combien) c'est",
    ),
    doubtful=Endings(r"^(?:oui|non) (?:je|on|il) (?:suis|est|veux|peux)", r"\bde rien"),
    question=Endings(
        r"\S+-(?:on|il)", r"\S+ (?:est|sont)(?:-ce)?", r"\b(?:avec|de|à|pour|par|c'est) qui",
        r"^qui", r"\S+ (?:pour|avec|sur)",
    ),
)  # fmt: skip

TURNS = TurnWords(
    listening=listed(
        """
        oui, ouais, ouai, voilà, d'accord, d'acc, exactement, absolument, effectivement, en effet,
        tout à fait, ok, okay, ah, oh, ah bon, hm, mm, mhm, mmh, mm-hmm, hum, je vois, je comprends,
        je sais, compris, entendu, bien sûr, évidemment, ça marche, ça va, continue, continuez,
        allez-y, vas-y, poursuivez, continuez je vous en prie, je vous en prie, pas de problème,
        pas de souci, merci, sans doute, certes
        """
    )
    | {how + word for how in _HOW for word in _GOOD.split()},
    stops=spaced("attends attendez arrête arrêtez non mais stop pardon excusez minute"),
    digits=spaced(
        """
        zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze
        seize vingt trente quarante cinquante soixante septante quatre-vingt nonante double
        """
    ),
    scales=spaced("cent cents mille million millions"),
    between_digits=spaced("tiret"),
    address=spaced("arobase point tiret underscore slash barre"),
    mail=spaced("mail email e-mail courriel adresse site"),
    numbers={
        "téléphone": 10, "portable": 10, "mobile": 10, "carte": 15, "iban": 20, "compte": 6,
        "commande": 6, "client": 6, "dossier": 6, "postal": 5, "pin": 4,
    },
    ends=_ENDS,
)  # fmt: skip
