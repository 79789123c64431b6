"""Which language a piece of a reply is in: by script, by its commonest words, else as before."""

# ruff: noqa: SIM905

import re

_WORDS = {
    "en": "the of and to a in is that it you for on are with as this be at have from or by not but "
    "what your can will would i'm it's we my do an was about there which when how please yes costs "
    "takes has one all if they see call me my now then here this these how hello "
    "per come plus die war hat son also more on no if so us am me long sale van de me les",
    "es": "el la los las de que y en un una es por con para no se su al del lo como más pero sus "
    "le está son muy cuesta hay tiene este esta sí usted puedo gracias hoy son",
    "pt": "o a os as de que e em um uma é por com para não se seu sua ao do da dos das no na mais "
    "mas você está são muito custa há tem este esta sim posso obrigado hoje às",
    "fr": "le la les de des du et en un une est que qui pour dans ce cette il elle vous nous je ne "
    "pas au aux sur avec plus mais votre sont c'est coûte a il y oui bonjour voici à l'été",
    "de": "der die das und ist in zu den dem ein eine einen nicht mit sich auf für von im am es "
    "sie ich wir ihr auch als an bei nach wie kostet haben hat sind um uhr oder aber wird kann "
    "bitte also war man so",
    "it": "il lo la i gli le di che e è un una in per con non si del della dei al come più ma suo "
    "sono questo questa molto costa c'è ha alle anche io grazie oggi",
    # Languages without words of their own here: their voices read figures by themselves.
    "nl": "de het een en van ik te dat die niet zijn is op aan met voor er maar om hem ook je naar",
    "sv": "och att det som en på är av för med till den har de inte om ett jag du var",
    "da": "og i jeg det at en den til er som på de med han af for ikke der var et",
    "pl": "nie i się w na że z do to jest jak co po ale za od czy tak jego",
    "tr": "bir ve bu için ne da çok ben daha gibi var değil ama kadar sen ile",
    "vi": "là và của có không được cho một những các tôi bạn này trong với",
    "id": "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke",
    "fi": "ja on ei se että hän oli en mutta joka kun niin myös olla tai",
    "cs": "a se na je to že v s z do o jako ale pro si tak by není",
    "hu": "a az és nem hogy egy is ez de csak meg volt van ha már",
    "ro": "și de la în nu a cu pe este un o mai ca din sau pentru care ce",
}
_LISTED = {language: frozenset(listed.split()) for language, listed in _WORDS.items()}
_LETTERS = {
    "es": "ñ¿¡",
    "pt": "ãõ",
    "fr": "œùêëîû",
    "de": "ß",
    "pl": "łąęśżźń",
    "tr": "ğış",
    "cs": "řěů",
    "hu": "őű",
    "ro": "țș",
    "vi": "ơưđạảấầẩậắằặẹẻẽếềểệỉịọỏốồổộớờởợụủứừửựỳỵỷỹ",
}
"""Letters that none of the others has."""
_SHORT_CJK = 16
"""So much Japanese may come without kana."""
_SURE = 2
"""A word of more than two letters, or two of two; single letters tell nothing."""
_SURE_UNREAD = 4
_READ = frozenset({"en", "es", "pt", "fr", "de", "it"})
_ADDRESS = re.compile(r"\S*(?:://|@|\w\.\w)\S*")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_UKRAINIAN = re.compile("[іїєґІЇЄҐ]")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("", re.compile("[\u0370-\u03ff\u0530-\u1fff]")),
)


def language_of(text: str, before: str) -> str:
    """The language of a piece, by its two letters; empty when it is one that is not known.

    Args:
        text: a clause or a sentence.
        before: the language of what was said before; it decides where the text does not.
    """
    for language, script in _SCRIPTS:
        if script.search(text):
            if language == "zh" and before == "ja" and len(text) < _SHORT_CJK:
                return before
            return "" if language == "ru" and _UKRAINIAN.search(text) else language
    if not _LATIN.search(text):
        return before
    lower = _ADDRESS.sub(" ", text.lower()).replace("’", "'")
    found = _WORD.findall(lower)
    scores = {
        language: sum(min(len(word) - 1, _SURE) for word in found if word in words)
        + 2 * sum(char in lower for char in _LETTERS.get(language, ""))
        for language, words in _LISTED.items()
    }
    most = max(scores.values())
    found_in = next(language for language, score in scores.items() if score == most)
    sure = _SURE if found_in in _READ else _SURE_UNREAD
    return before if most < sure or scores.get(before, 0) == most else found_in
