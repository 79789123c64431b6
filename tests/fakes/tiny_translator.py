"""A translation model of NLLB's or MADLAD's kind, small and untrained: what it says means nothing.

Everything else is real: CTranslate2's file format, the vocabulary with its language codes, the
tokenizer's file.
"""

import string
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import tokenizers
from tokenizers import decoders, models, pre_tokenizers

NLLB = ("eng_Latn", "por_Latn", "zho_Hans", "zho_Hant")
MADLAD = ("<2en>", "<2pt>", "<2zh>")
_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
_WIDTH, _LAYERS, _HEADS, _POSITIONS = 16, 1, 2, 600


def make(folder: Path, codes: tuple[str, ...], *, seed: int = 7) -> Path:
    """Write the model into a new folder; the folder."""
    pieces = ["▁", *string.ascii_letters, *".,!?"]
    tokens = [*_SPECIAL, *pieces, *codes]
    spec = ctranslate2.specs.TransformerSpec.from_config(_LAYERS, _HEADS)
    _fill(spec, len(tokens), np.random.default_rng(seed))
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<s>", "</s>", "<unk>"
    spec.config.decoder_start_token = "</s>"
    spec.validate()
    folder.mkdir()
    spec.save(str(folder))
    scores = [(token, -1.0) for token in tokens]
    tokenizer = tokenizers.Tokenizer(models.Unigram(scores, unk_id=3, byte_fallback=False))
    tokenizer.add_special_tokens([*_SPECIAL, *codes])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _fill(spec: Any, vocabulary: int, random: np.random.Generator) -> None:
    def matrix(rows: int, columns: int) -> np.ndarray:
        return random.normal(0, 0.3, (rows, columns)).astype(np.float32)

    def linear(layer: Any, outs: int, ins: int) -> None:
        layer.weight, layer.bias = matrix(outs, ins), np.zeros(outs, np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32)

    def attention(layer: Any, *outs: int) -> None:
        norm(layer.layer_norm)
        for part, rows in zip(layer.linear, (*outs, _WIDTH), strict=True):
            linear(part, rows, _WIDTH)

    words = matrix(vocabulary, _WIDTH)
    spec.encoder.embeddings[0].weight = words
    spec.decoder.embeddings.weight = words
    linear(spec.decoder.projection, vocabulary, _WIDTH)
    for side in (spec.encoder, spec.decoder):
        side.position_encodings.encodings = matrix(_POSITIONS, _WIDTH)
        norm(side.layer_norm)
        for layer in side.layer:
            attention(layer.self_attention, 3 * _WIDTH)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, 2 * _WIDTH, _WIDTH)
            linear(layer.ffn.linear_1, _WIDTH, 2 * _WIDTH)
    for layer in spec.decoder.layer:
        attention(layer.attention, _WIDTH, 2 * _WIDTH)
