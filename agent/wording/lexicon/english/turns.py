"""English, as callers speak it."""

from agent.wording.lexicon.turn_words import Endings, SpacedEnds, TurnWords, listed, spaced

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
_NO_VERB = (
    "(?<!want to)(?<!need to)(?<!like to)(?<!have to)(?<!going to)(?<!trying to)(?<!supposed to)"
    "(?<!able to)"
)
"""A verb follows, not a noun that was asked for."""

_GOOD = """
    right good great fine nice cool true perfect excellent wonderful awesome amazing fantastic
    lovely brilliant super interesting crazy terrible awful funny sweet
"""
_HOW = ("", "that's ", "sounds ", "very ", "really ")

_ENDS = SpacedEnds(
    never=spaced(
        """
        a an the and or but nor because although if when while unless until than whose whether as my
        your its our their every i'm i'd i'll i've you're you've you'd you'll he's he'd he'll she's
        she'd she'll it's it'd it'll we're we've we'd we'll they're they've they'd they'll that's
        that'll there's here's what's who's where's how's let's lets let very quite gonna having
        um uh er erm hmm plus minus versus per
        """
    ),
    rarely=spaced(
        """
        is are was were am do does did have has had can could will would shall should may might must
        i he she we they want wanted need needs like so to of at for from with about into onto
        during among who which whom where then first next maybe
        """
    ),
    seldom=spaced(
        """
        in on by without over under between through before after behind near since though whenever
        her his those these some any each another be been being really trying also other
        """
    ),
    never_pairs=spaced(
        """
        would-like want-to need-to like-to going-to have-to such-as as-well for-example so-that
        because-of kind-of sort-of one-of lot-of instead-of out-of how-about what-about what-if
        """
    ),
    open=Endings(
        r"\b(?:thing|problem|reason|point|question|truth|issue|idea|fact) (?:is|was) that",
        r"\b(?:i|you|he|she|we|they) just",
    ),
    answer=Endings(
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
    sentence=Endings(
        rf"^{_I} {_CAN}",
        rf"\b(?:what|where|who|how|why|which|all|everything|anything|nothing|whatever|wherever|"
        rf"whoever|than|as|think|thought|believe|guess|hope|suppose|know|sure|say|said|course|"
        rf"maybe|perhaps|probably|definitely) {_I} {_AUX}",
        rf"(?<!\bto )(?:know|sure|certain|see|remember) (?:if|whether|when) {_I} {_AUX}",
        rf"\b(?:please|what to|to|{_CAN}|won't|can't|don't|i'll|we'll|you'll|they'll|that'll|it'll|"
        rf"usually|always|often|never|still|all) do",
        rf"\S+ (?:what|where|who|how|which|when) (?:(?!{_I}\b)\S+ ){{1,4}}{_AUX}",
        # "I didn't know that it could"
        rf"\b(?:know|knew|think|thought|sure|said|says|hope|wish|guess|bet) that {_I} {_AUX}",
        r"\b(?:each|the|no) other",
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
    doubtful=Endings(
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
        rf"\b{_ASKS} (?:\S+ ){{1,6}}{_STRANDED}{_NO_VERB}",
        # "the one I asked about"
        rf"\bthe (?!\w+ (?:is|was) )(?:\w+ ){{1,2}}(?:i|you|he|she|we|they) (?:\S+ ){{1,3}}"
        rf"{_STRANDED}{_NO_VERB}",
        r"\bused to",
        r"(?:\S+ ){3}for example",
    ),
    question=Endings(
        rf"^(?:\w+ )?{_ASKS} (?:\S+ )+{_STRANDED}{_NO_VERB}",
        rf"^(?:\w+ )?{_ASKS} (?:{_CAN}|{_BE}) {_I} (?:do|have|be|want|need|like)",
        rf"^(?:\w+ )?{_ASKS} {_BE} (?:i|he|she|we|they)",
        rf"^(?:\w+ ){{1,3}}(?<!what happens )(?<!know )(?<!you ){_ASKS}",
        r"^(?:and |but |so )?what for",
        r"^(?:and|so|what|but|or) (?:then|next|so)",
        rf"^(?:who|what|which \w+|whose \w+) {_AUX} (?:that|there|it)",
    ),
)

TURNS = TurnWords(
    listening=listed(
        """
        um, uh, er, erm, mm, mhm, mmhm, mmm, hm, hmm, hmmm, uh-huh, uhhuh, uh-hum, mm-hm, mm-hmm,
        m-hm, uh huh, mm hm, mm hmm, m hm, aha, ah, oh, ooh, wow, yeah, yea, yep, yup, yes, ya,
        okay, ok, sure, alright, all right, indeed, exactly, totally, absolutely, definitely,
        certainly, of course, for sure, thanks, thank you, understood, gotcha, got it, i see,
        i know, i get it, i understand, i agree, i hear you,
        i know what you mean, i see what you mean,
        you're right, go on, go ahead, keep going, carry on, continue, please continue,
        please go on, please do, really, fair enough, makes sense, that makes sense, good to know,
        that's good to know, not bad, no problem
        """
    )
    | {how + word for how in _HOW for word in _GOOD.split()},
    stops=spaced("wait stop no nope hold pause quiet enough sorry actually but hey excuse"),
    digits=spaced(
        """
        zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen
        fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty
        ninety double triple
        """
    ),
    scales=spaced("hundred thousand million billion"),
    between_digits=spaced("dash hyphen"),
    address=spaced("at dot underscore dash hyphen slash"),
    mail=spaced("mail email e-mail website url"),
    numbers={
        "phone": 10, "telephone": 10, "mobile": 10, "cell": 10, "card": 15, "iban": 15,
        "account": 6, "order": 6, "reference": 6, "customer": 6, "zip": 5, "postcode": 5, "pin": 4,
    },
    ends=_ENDS,
)  # fmt: skip
