"""Addresses of pages and mail, names of files, numbers of telephones."""

import re

from agent.wording.lexicon.language import Language

_DOMAINS = (
    "com|org|net|edu|gov|int|io|ai|dev|app|info|biz|co|me|tv|eu|de|at|ch|fr|es|it|pt|nl|be|pl|se|"
    "no|dk|fi|ie|uk|us|ca|mx|br|ar|cl|au|nz|jp|cn|kr|tw|hk|in|ru|ua|tr|za"
)
_FILES = (
    "py|js|ts|tsx|json|ya?ml|md|txt|toml|html?|css|pdf|docx?|xlsx?|pptx?|csv|png|jpe?g|gif|svg|zip|"
    "tar|exe|sh|bat|wav|mp3|mp4|env|ini|cfg|log|sql|go|rs|java|cpp"
)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PATH = r"[A-Za-z0-9\u00c0-\u024f_.~:/?#@!$&'()*+,;=%-]"
MAIL = re.compile(
    rf"(?<![A-Za-z0-9._%+-])(?:mailto:)?([A-Za-z0-9._%+-]{{1,64}})@((?:{_LABEL}\.)+[A-Za-z]{{2,24}})"
)
PAGE = re.compile(
    rf"(?<![A-Za-z0-9_@.-])(?:[a-z][a-z0-9+.-]{{1,10}}://{_PATH}+|"
    rf"(?:www\.(?:{_LABEL}\.)+[A-Za-z]{{2,24}}|(?:{_LABEL}\.)+(?:{_DOMAINS}))(?![\w@]|\.\w)"
    rf"(?::\d+)?(?:/{_PATH}*)?)"
)
FILE = re.compile(rf"(?<![\w.-])[A-Za-z][\w-]*(?:\.[\w-]+)*\.(?:{_FILES})(?!\w|\.\w)")
_TRAILING = ".,;:!?)*_'\""
_HOST = re.compile(rf"(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?(?:www\.)?((?:{_LABEL}\.)*{_LABEL})")
_LONGEST_HOST = 40

PHONE = re.compile(
    r"(?<![A-Za-z\d.,/-])(?:"
    r"\+\d[\d ().-]{6,18}\d|"
    r"\(\d{2,5}\)[ -]?\d{2,4}(?:[ -]\d{2,5}){1,3}|"
    r"\d{3}[ .-]\d{3}[ .-]\d{4}|"
    r"1[ -]\d{3}[ -]\d{3}[ -]\d{4}|"
    r"0\d(?: \d\d){4}|"
    r"0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,5}|"
    r"\d{3}-\d{4}|"
    r"1[3-9]\d{9}"
    r")(?![A-Za-z\d%€$£]|[-/]\d|[.,:]\d)"
)


def without_trailing(address: str) -> str:
    """An address without the punctuation of the sentence that it ends."""
    bare = address.rstrip(_TRAILING)
    return bare + ")" if address[len(bare) :].startswith(")") and "(" in bare else bare


def host_of(address: str) -> str:
    """The name of a site as it is written, and the punctuation after the address."""
    bare = without_trailing(address)
    host = _HOST.match(bare)
    return (host[1] if host else "") + address[len(bare) :]


def say_page(address: str, language: Language) -> str:
    """The name of a site; nobody wants the rest read out."""
    host = _HOST.match(address)
    name = host[1] if host else ""
    if "." not in name or len(name) > _LONGEST_HOST or name.replace(".", "").isdigit():
        return language.link
    return _with_dots(name, language)


def say_mail(user: str, host: str, language: Language) -> str:
    """An address to write to."""
    said = re.sub(r"[_+%-]", " ", user)
    return f"{_with_dots(said, language)} {language.at.strip()} {_with_dots(host, language)}"


def say_file(name: str, language: Language) -> str:
    """The name of a file."""
    return _with_dots(name.replace("_", " "), language)


def say_phone(number: str, language: Language) -> str | None:
    """Digit by digit, in groups, those in which it is written; None if it is no such number."""
    groups = re.findall(r"\d+", number)
    count = sum(len(group) for group in groups)
    if not 7 <= count <= 15 or (len(groups) == 2 and all(g.endswith("0") for g in groups)):
        return None
    said = ", ".join(language.grouped(group) for group in groups)
    return f"{language.signs['+']} {said}" if number.startswith("+") else said


def _with_dots(name: str, language: Language) -> str:
    return f" {language.dot.strip()} ".join(name.split("."))
