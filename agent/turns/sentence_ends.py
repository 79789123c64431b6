"""How sentences end in languages written with spaces, one table per language.

The last word and the mark after it decide together: "I do" may go on, "Yes, I do." is whole, "I
went to." lacks something whatever the recogniser wrote. A word counts for the language of its
sentence alone: "die" is an article in German and no more than a verb in English.
"""

# ruff: noqa: SIM905

import re
from collections.abc import Sequence
from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _one_of(*patterns: str) -> re.Pattern[str]:
    """Any of them; spaces stand for those between words, the end is that of the sentence."""
    return re.compile("|".join(f"(?:{pattern})$" for pattern in patterns))


@dataclass(frozen=True)
class Endings:
    """Of one language. Patterns are searched in lower-case words, one space between them."""

    common: frozenset[str]
    """Words that its sentences are known by, with those of the sets below."""
    never: frozenset[str]
    """No sentence ends with these, whatever mark follows, but for the patterns."""
    rarely: frozenset[str]
    """The same, but a question may."""
    seldom: frozenset[str]
    """A sentence ends with these only where a mark says so, and even then it is doubtful."""
    never_pairs: frozenset[str]
    """The same as `rarely`, of two words."""
    answer: re.Pattern[str]
    """Whole although the last word is in a set above; probably so even without a mark."""
    sentence: re.Pattern[str]
    """Whole where a mark says so."""
    doubtful: re.Pattern[str]
    """Not to be ruled out where a mark says so."""
    question: re.Pattern[str]
    """Whole where a question mark says so."""


_NOTHING = _one_of(r"(?!)")

_I = "(?:i|you|he|she|it|we|they|that|there)"
_BE = "(?:am|is|are|was|were)"
_HAVE = "(?:have|has|had)"
_CAN = "(?:do|does|did|can|could|will|would|shall|should|may|might|must)"
_AUX = f"(?:{_BE}|{_HAVE}|{_CAN})"
_YES = (
    "(?:(?:yes|yeah|yep|yup|no|nope|oh|well|sure|okay|ok|certainly|absolutely|of course|right|"
    "sorry|thanks|thank you|indeed|please) )"
)
_ASKS = "(?:what|who|whom|whose|which|where|when|why|how)"
_STRANDED = "(?:for|from|about|of|with|to|at|in|on|like|into|over|by|through|under|behind|near)"

ENGLISH = Endings(
    common=_words(
        """
        i you he she it we they me him us them this that there here yes no not ok okay please thank
        thanks what don't can't do go get know see say tell take make good all one me too up out
        off down back now let old day time well
        """
    ),
    never=_words(
        """
        a an the and or but nor because although if when while unless until than whose whether as my
        your its our their every i'm i'd i'll i've you're you've you'd you'll he's he'd he'll she's
        she'd she'll it's it'd it'll we're we've we'd we'll they're they've they'd they'll that's
        that'll there's here's what's who's where's how's let's lets let very quite gonna having
        um uh er erm hmm plus minus versus per
        """
    ),
    rarely=_words(
        """
        is are was were am do does did have has had can could will would shall should may might must
        i he she we they want wanted need needs like so to of at for from with about into onto
        during among who which whom where then first next maybe
        """
    ),
    seldom=_words(
        """
        in on by without over under between through before after behind near since though whenever
        her his those these some any each another be been being really trying also
        """
    ),
    never_pairs=_words(
        """
        would-like want-to need-to like-to going-to have-to such-as as-well for-example so-that
        because-of kind-of sort-of one-of lot-of instead-of out-of how-about what-about what-if
        """
    ),
    answer=_one_of(
        # "Yes, I do", "of course it is", "so do I"
        rf"^{_YES}+{_I} {_AUX}",
        rf"^(?:so|neither|nor) {_AUX} {_I}",
        r"\b(?:think|thought|hope|guess|suppose|believe|imagine|expect|afraid|hopefully) so",
        r"^(?:if you say|is that|even|why|how|not|just|if) so",
        # "Turn it on", "please log me in"
        r"^(?:\w+ ){0,3}(?:turn|switch|log|sign|check|let|count|plug) "
        r"(?:it|me|them|him|her|us|these|those) (?:on|in)",
        r"^(?:please )?(?:come|carry|hang|hold|go|log) (?:on|in)",
        rf"^{_YES}*not (?:really|quite|very|yet|now)",
        r"\bas well",
    ),
    sentence=_one_of(
        rf"^{_I} {_CAN}",
        rf"\b(?:what|where|who|how|why|which|all|everything|anything|nothing|whatever|wherever|"
        rf"whoever|than|as|think|thought|believe|guess|hope|suppose|know|sure|say|said|course|"
        rf"maybe|perhaps|probably|definitely) {_I} {_AUX}",
        rf"(?<!\bto )(?:know|sure|certain|see|remember) (?:if|whether|when) {_I} {_AUX}",
        rf"\b(?:please|what to|to|{_CAN}|won't|can't|don't|i'll|we'll|you'll|they'll|that'll|it'll|"
        rf"usually|always|often|never|still|all) do",
        rf"\S+ (?:what|where|who|how|which|when) (?:(?!{_I}\b)\S+ ){{1,4}}{_AUX}",
        # "That's all I need", "take whatever you like", "if you want"
        r"\b(?:what|all|everything|anything|nothing|whatever|thing|only|if|as|where|way|one) "
        r"(?:i|you|he|she|we|they) (?:really |just |ever |don't |didn't )?"
        r"(?:want|wanted|need|needs|like|have|had)",
        # "That's what I'm looking for"
        r"\b(?:what|who|whom|where|which|everything|something|someone|nothing|nobody) "
        r"(?:\S+ ){1,6}(?:for|from|about|of|with|at|like)",
        r"\b(?:what|who|whom|where|something|someone|nobody) (?:\S+ ){1,5}"
        r"(?:talk|talking|speak|spoke|speaking|listen|listening|write|wrote|go|going|went|been|refer"
        r"|referring|used|belong|belongs) to",
        r"\b(?:turn|switch|leave|keep) (?:the|my|your|this|that)(?: \w+){1,3} on",
        r"\bthink (?:it|this|that) over",
        r"\bput (?:it|me|them|him|her|us) (?:on|through)",
        # "I'd love to", "I don't want to", "if you want to"
        r"^(?:\S+ ){1,4}(?:love|happy|glad|delighted|not) to",
        r"\b(?:don't|didn't|doesn't|won't|do not|did not|never|not) (?:really |even )?"
        r"(?:want|need|have|like|plan|mean|intend|going) to",
        r"\b(?:if|as|whenever|unless) (?:you|i|we|they|he|she)(?:'d| would)? ?"
        r"(?:want|like|need|have|wish|prefer|love) to",
        r"\b(?:that i know|i can think) of",
        r"\b(?:leave|try|put|keep) (?:it|them|this|that|these|those|one) on",
        r"\b(?:told \w+|say|says|said|do|doing|did|or|quite|ever|is that|very much) so",
        r"(?<!\band)(?<!\bbut)(?<!\bso)(?<!\bor)(?<!\bwell)(?<!^) (?:then|first|next|maybe|though)",
        r"(?<!\bto )(?:know|knows|remember|sure|idea|matters?|care|tell \w+|say|see|wonder|guess|"
        r"least|else|just|exactly|decide|decided|or) (?:who|which|where|when)",
        r"\b(?:a|little|long) while",
        r"\b(?:ever|long|not|years) since",
        r"\b(?:don't|didn't|not|haven't|hasn't|isn't|aren't|without|never)(?: \S+){1,3} any",
        r"\b(?:or|with or|better|it) without",
        r"\b(?:in|of|by|since|until|next|last|this|early|late) may",
        r"\b(?:up|looking|waiting|going|here|there|all) for (?:him|her|it|me|us|them)",
    ),
    doubtful=_one_of(
        r"^(?:i|you|he|she|it|we|they) (?:am|is|are|was|were|have|has|had)",
        rf"\b(?!(?:if|because|when|and|but|so|then|while|that) )\S+ {_I} {_CAN}",
        rf"\b(?:mine|yours|hers|ours|theirs|ones?|everyone|everybody|nobody|both|some|all|none|"
        rf"neither|either|most|already|usually|never|always|certainly|i wish \w+) {_AUX}",
        rf"^(?!{_ASKS} )(?:\S+ )*(?!(?:and|but|so|then|if|when|because) )\S+ (?:does|did|do)",
        rf"^{_AUX} (?:i|he|she|we|they)",
        r"\b(?:forgot|(?:told|asked) (?:me|him|her|us|them)) to",
        rf"^{_YES}+(?:i|we)(?:'d| would)? (?:want|need|have|like|love) to",
        r"^(?:first|next|maybe|so|then)",
        r"^(?:kind|sort) of",
        r"^(?:who|which|where)",
        rf"\b{_ASKS} (?:\S+ ){{1,6}}{_STRANDED}",
        r"\bused to",
        r"(?:\S+ ){3}for example",
    ),
    question=_one_of(
        rf"^(?:\w+ )?{_ASKS} (?:\S+ )+{_STRANDED}(?<!want to)(?<!need to)(?<!like to)(?<!have to)"
        r"(?<!going to)(?<!supposed to)(?<!able to)",
        rf"^(?:\w+ )?{_ASKS} (?:{_CAN}|{_BE}) {_I} (?:do|have|be|want|need|like)",
        rf"^(?:\w+ )?{_ASKS} {_BE} (?:i|he|she|we|they)",
        rf"^(?:\w+ ){{1,3}}(?<!what happens )(?<!know )(?<!you ){_ASKS}",
        r"^(?:and |but |so )?what for",
        r"^(?:and|so|what|but|or) (?:then|next|so)",
        rf"^(?:who|what|which \w+|whose \w+) {_AUX} (?:that|there|it)",
    ),
)  # fmt: skip

GERMAN = Endings(
    common=_words(
        """
        ich du er sie es wir ihr ist sind bin hat habe kann nicht ja nein bitte danke auch so was
        wie wo nur noch hier da doch schon mal gern gerne heute morgen mich mir dich dir uns im am
        mein meine dein kein keine
        """
    ),
    never=_words(
        "und weil wenn dass für von vom im am zum zur beim ob als sondern sowie meine deine seine"
    ),
    rarely=frozenset(),
    seldom=_words("der die das ein eine einen einem einer den dem mit zu aber oder denn"),
    never_pairs=_words("das-ist die-ist nummer-ist"),
    answer=_one_of(r"^(?:ja |nein )?(?:genau|auch|nur|nicht) das", r"\bkomm\w* mit"),
    sentence=_one_of(
        r"\b(?:nehme|nehmen|will|weiß|mag|möchte|kenne|auch|nur|nicht|ist) (?:das|die|den|der)",
        r"\b(?:komm|mach|bring|nimm|nehm|geh|fahr)\w*(?: \S+){0,3} mit",
        r"\b(?:mach|hör|stimm|schau|sag|trau|geb)\w*(?: \S+){0,4} zu",
        r"\b(?:schalt|richt|steig|kauf|schlaf|lad)\w*(?: \S+){1,4} ein",
    ),
    doubtful=_NOTHING,
    question=_one_of(r"\boder", r"^\w+ (?:\S+ ){0,4}(?:mit|zu|ein|das|den|die)"),
)  # fmt: skip

FRENCH = Endings(
    common=_words(
        """
        je tu il elle nous vous ils elles est sont pas qui ce c'est ça ne en oui non sur mon ma ai
        j'ai suis voudrais merci bonjour y à au
        """
    ),
    never=_words("et ou que le la les du des dans parce mais à au aux mon ma mes si"),
    rarely=frozenset(),
    seldom=_words("un une avec pour de sur"),
    never_pairs=frozenset(),
    answer=_NOTHING,
    sentence=_one_of(
        r"\b(?:j'|n'|t'|l')?en \S+ (?:pas )?(?:un|une)",
        r"\b(?:vien|ven|fai|vai|va|allons|part)\w* avec",
        r"\b(?:suis|est|sommes|sont) pour",
    ),
    doubtful=_NOTHING,
    question=_NOTHING,
)  # fmt: skip

SPANISH = Endings(
    common=_words(
        """
        yo tú él ella es no sí se lo me te mi su está quiero tengo muy bien como hay gracias hola
        qué dónde cuándo puedo una un
        """
    ),
    never=_words("el la los las y o pero porque que con en de del al a mi tu su si"),
    rarely=frozenset(),
    seldom=_words("un una para por"),
    never_pairs=frozenset(),
    answer=_NOTHING,
    sentence=_one_of(r"\b(?:quiero|tengo|dame|hay|queda|solo) (?:un|una)"),
    doubtful=_NOTHING,
    question=_NOTHING,
)  # fmt: skip

_LANGUAGES = (ENGLISH, GERMAN, FRENCH, SPANISH)
_OPEN = [endings.never | endings.rarely | endings.seldom for endings in _LANGUAGES]
_KNOWN = [endings.common | opened for endings, opened in zip(_LANGUAGES, _OPEN, strict=True)]


def endings_of(words: Sequence[str]) -> Endings:
    """The table of the language in which most words before the last are known; else English.

    Of languages that know as many, that which says something of the last word.
    """
    known = [
        (sum(word in known for word in words[:-1]), words[-1] in opened)
        for known, opened in zip(_KNOWN, _OPEN, strict=True)
    ]
    return _LANGUAGES[known.index(max(known))]
