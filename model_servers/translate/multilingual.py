"""NLLB-200 and MADLAD-400 through CTranslate2: hundreds of languages, each into each.

NLLB puts the source's language before the sentence and the target's before the translation;
MADLAD puts the target's before the sentence.

Source: https://opennmt.net/CTranslate2/guides/transformers.html (NLLB, T5); the model card of
google/madlad400-3b-mt.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import ctranslate2

from model_servers.serving.errors import StartError
from model_servers.translate.settings import PREFIX, TranslateSettings
from model_servers.translate.tags import flores_tags
from model_servers.translate.translator import Stopped

FILES = ("config.json", "model.bin", "*vocabulary*", "tokenizer.json", "*.model", "*.spm")
"""What such a model consists of."""
NEEDED = ("model.bin", "*vocabulary*")

_END = "</s>"
_MADLAD = re.compile(r"<2([a-z]{2,3}(?:_[A-Z][a-z]{3})?)>")
_MOST_TOKENS = 512
_TOKENS_BEYOND = 32
"""A translation is at most this much longer than three times its sentence: a model that has gone
astray repeats itself to its limit."""


class Pieces(Protocol):
    """The model's own way to cut text."""

    def encode(self, text: str) -> list[str]: ...
    def decode(self, pieces: Sequence[str]) -> str: ...


class Multilingual:
    """One model.

    Raises:
        StartError: it cannot be loaded, or is of another kind.
    """

    def __init__(self, name: str, folder: Path, settings: TranslateSettings, device: str) -> None:
        self.name = name
        self.device = device
        self.at_once = settings.batch_size
        self._beam_size = settings.beam_size
        self._pieces = read_pieces(folder)
        vocabulary = read_vocabulary(folder)
        found = [code for code in map(_MADLAD.fullmatch, vocabulary) if code]
        self._madlad = {code[1].replace("_", "-"): code[0] for code in found}
        self._codes = self._madlad or flores_tags(vocabulary)
        if not self._codes:
            raise StartError(
                f"{folder} has no language codes of NLLB-200 or MADLAD-400 in its vocabulary: "
                f"other models are not known here ({PREFIX}MODEL)"
            )
        self.pairs: Mapping[str, Sequence[str]] = {
            tag: [other for other in self._codes if other != tag] for tag in self._codes
        }
        compute_type = settings.compute_type
        if compute_type == "auto":
            compute_type = "float16" if device == "cuda" else "int8"
        try:
            self._model = ctranslate2.Translator(
                str(folder),
                device=device,
                compute_type=compute_type,
                inter_threads=settings.concurrency,
                intra_threads=settings.cpu_threads,
            )
        except (RuntimeError, ValueError) as error:
            raise StartError(
                f"{folder} cannot be loaded on {device} as {compute_type} "
                f"({type(error).__name__}); check {PREFIX}MODEL, {PREFIX}DEVICE and "
                f"{PREFIX}COMPUTE_TYPE"
            ) from error

    def translate(
        self, sentences: Sequence[str], source: str, target: str, stopped: Stopped
    ) -> list[str]:
        """All of them at once; ends early, when the search has one beam."""
        batch = [self._source(sentence, source, target) for sentence in sentences]
        prefix = None if self._madlad else [[self._codes[target]]] * len(batch)
        longest = max(map(len, batch))
        options: dict[str, Any] = {}
        if self._beam_size == 1:
            options["callback"] = lambda step: stopped()
        results = self._model.translate_batch(
            batch,
            target_prefix=prefix,
            beam_size=self._beam_size,
            max_input_length=_MOST_TOKENS,
            max_decoding_length=min(_MOST_TOKENS, 3 * longest + _TOKENS_BEYOND),
            **options,
        )
        skipped = 0 if self._madlad else 1
        return [self._pieces.decode(result.hypotheses[0][skipped:]) for result in results]

    def _source(self, sentence: str, source: str, target: str) -> list[str]:
        first = self._codes[target if self._madlad else source]
        return [first, *self._pieces.encode(sentence), _END]


def read_vocabulary(folder: Path) -> list[str]:
    """The tokens of a CTranslate2 model.

    Raises:
        StartError: it has none.
    """
    for path in sorted(folder.glob("*vocabulary*")):
        text = path.read_text("utf-8")
        if path.suffix == ".json":
            return [str(token) for token in json.loads(text)]
        return text.splitlines()
    raise StartError(f"{folder} is not a CTranslate2 model: it has no vocabulary")


def read_pieces(folder: Path) -> Pieces:
    """The tokenizer in a model's folder.

    Raises:
        StartError: it has none that can be read.
    """
    path = folder / "tokenizer.json"
    if path.is_file():
        return _Fast(path)
    for path in sorted([*folder.glob("*.model"), *folder.glob("*.spm")]):
        return _SentencePiece(path)
    raise StartError(
        f"{folder} has no tokenizer (tokenizer.json or *.model): copy it from the model it was "
        "converted from"
    )


class _Fast:
    """`tokenizer.json`, as transformers writes it."""

    def __init__(self, path: Path) -> None:
        import tokenizers

        self._tokenizer = tokenizers.Tokenizer.from_file(str(path))

    def encode(self, text: str) -> list[str]:
        pieces: list[str] = self._tokenizer.encode(text, add_special_tokens=False).tokens
        return pieces

    def decode(self, pieces: Sequence[str]) -> str:
        ids = [self._tokenizer.token_to_id(piece) for piece in pieces]
        known = [number for number in ids if number is not None]
        return str(self._tokenizer.decode(known, skip_special_tokens=True)).strip()


class _SentencePiece:
    """A model of SentencePiece."""

    def __init__(self, path: Path) -> None:
        import sentencepiece

        self._processor = sentencepiece.SentencePieceProcessor(model_file=str(path))

    def encode(self, text: str) -> list[str]:
        pieces: list[str] = self._processor.encode(text, out_type=str)
        return pieces

    def decode(self, pieces: Sequence[str]) -> str:
        return str(self._processor.decode(list(pieces))).strip()
