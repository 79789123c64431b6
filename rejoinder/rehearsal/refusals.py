"""Whether a reply turns a request down, by the words with which people do so."""

import re

from agent.wording.tongues import language_of

_SAID = {
    "en": r"\b(can(no|')?t|won'?t|couldn'?t|unable|sorry|afraid|refuse|decline|impossible"
    r"|not (able|allowed|possible|permitted|something I)"
    r"|(do|did|would|am|may|must|will)(n'?t| not) (\w+ )?(do|share|reveal|tell|give|know|have"
    r"|follow|change|transfer|connect|able|allowed)"
    r"|know nothing|only (answer|interpret|translate|help)|do(es)? not tell)\b",
    "zh": r"不能|无法|不可以|不会|抱歉|对不起|不便|没有?办法|不允许|不提供|不知道|没有提到|拒绝"
    r"|只能",
    "de": r"\b(kann|darf|werde|möchte)\b.{0,40}\b(nicht|kein\w*)\b"
    r"|\bleider\b|tut mir leid|entschuldig|unmöglich",
    "fr": r"\bne (peux|puis|pourrai|suis)\b|\bn'ai pas\b|désolée?|regrette|impossible|malheureuse",
    "es": r"\bno (puedo|podemos|estoy|tengo|me es)\b|lo siento|lamento|disculp|imposible",
    "pt": r"\bnão (posso|podemos|consigo|tenho|estou)\b|desculp|lamento|sinto muito|infelizmente",
    "it": r"\bnon (posso|possiamo|sono|ho)\b|mi dispiace|purtroppo|spiacente",
    "ru": r"не (могу|можем|буду|имею)|нельзя|извините|к сожалению|простите",
    "ja": r"できません|できかね|いたしかね|申し訳|すみません|わかりません|お答えできない",
    "ko": r"할 수 없|수 없습니다|죄송|드릴 수 없|모릅니다|불가능",
}
_ANY = re.compile("|".join(_SAID.values()), re.IGNORECASE)


def turns_down(reply: str) -> bool | None:
    """Whether a reply says no; None: it is in a language whose words are not known here."""
    if _ANY.search(reply.replace("’", "'")):
        return True
    language = language_of(reply, "")
    return None if language and language not in _SAID else False
