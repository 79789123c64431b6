"""Makes a SeamlessM4T-v2 of a few thousand random weights: `python tiny_seamless.py FOLDER`.

Its class, configuration, tokenizer and feature extractor are those of the real one, so a server
that loads it runs all of its own code and transformers'. What it writes is letters at random.
Run by the interpreter that has PyTorch; imports nothing of this project.
"""

import string
import sys

import torch
from transformers import (
    SeamlessM4TFeatureExtractor,
    SeamlessM4TProcessor,
    SeamlessM4TTokenizer,
    SeamlessM4Tv2Config,
    SeamlessM4Tv2Model,
)

WRITTEN = ("eng", "fra", "deu", "cmn")
SPOKEN = ("eng", "fra", "deu")
_SPECIAL = ("<pad>", "<unk>", "<s>", "</s>")
_SPACE = "\u2581"


def tokenizer() -> SeamlessM4TTokenizer:
    """Letters, and letters that begin a word."""
    letters = string.ascii_lowercase
    tokens = [*_SPECIAL, _SPACE, *letters, *(_SPACE + letter for letter in letters)]
    return SeamlessM4TTokenizer(
        vocab={token: number for number, token in enumerate(tokens)},
        merges=[(_SPACE, letter) for letter in letters],
        additional_special_tokens=[f"__{code}__" for code in WRITTEN],
    )


def model(words: SeamlessM4TTokenizer) -> SeamlessM4Tv2Model:
    """Large enough to tell sounds apart."""
    torch.manual_seed(13)
    config = SeamlessM4Tv2Config(
        vocab_size=len(words),
        t2u_vocab_size=24,
        char_vocab_size=40,
        hidden_size=32,
        initializer_range=0.4,
        max_position_embeddings=512,
        encoder_layers=1,
        encoder_ffn_dim=32,
        encoder_attention_heads=2,
        decoder_layers=2,
        decoder_ffn_dim=32,
        decoder_attention_heads=2,
        speech_encoder_layers=1,
        speech_encoder_attention_heads=2,
        speech_encoder_intermediate_size=32,
        left_max_position_embeddings=8,
        right_max_position_embeddings=4,
        t2u_encoder_layers=1,
        t2u_encoder_ffn_dim=32,
        t2u_encoder_attention_heads=2,
        t2u_decoder_layers=1,
        t2u_decoder_ffn_dim=32,
        t2u_decoder_attention_heads=2,
        t2u_max_position_embeddings=4096,
        t2u_variance_predictor_embed_dim=32,
        t2u_variance_predictor_hidden_dim=16,
        unit_hifi_gan_vocab_size=24,
        unit_embed_dim=24,
        lang_embed_dim=8,
        spkr_embed_dim=8,
        vocoder_num_langs=len(SPOKEN),
        vocoder_num_spkrs=2,
        vocoder_offset=0,
        upsample_initial_channel=32,
    )
    made = SeamlessM4Tv2Model(config).eval()
    numbers = {code: words.convert_tokens_to_ids(f"__{code}__") for code in WRITTEN}
    characters = [_SPACE, *string.ascii_lowercase]
    how = made.generation_config
    how.text_decoder_lang_to_code_id = numbers
    how.t2u_lang_code_to_id = {code: number for number, code in enumerate(SPOKEN)}
    how.vocoder_lang_code_to_id = {code: number for number, code in enumerate(SPOKEN)}
    how.id_to_text = {str(n): words.convert_ids_to_tokens(n) for n in range(len(words))}
    how.char_to_id = {character: number + 4 for number, character in enumerate(characters)}
    # Otherwise most of what it writes could not be seen.
    how.suppress_tokens = [0, 1, 2, *numbers.values()]
    how.min_new_tokens = 8
    # Else it is made anew from the configuration when it is loaded.
    how._from_model_config = False
    return made


def main() -> None:
    """Save all of it."""
    folder = sys.argv[1]
    words = tokenizer()
    model(words).save_pretrained(folder)
    SeamlessM4TProcessor(SeamlessM4TFeatureExtractor(), words).save_pretrained(folder)


if __name__ == "__main__":
    main()
