"""What a recording must be to be cloned from.

Source: RVC-Boss/GPT-SoVITS, GPT_SoVITS/TTS_infer_pack/TTS.py (`_set_prompt_semantic`).
"""

from model_servers.gpt_sovits.prefix import PREFIX
from model_servers.serving.decode import RATE_HZ, decode
from model_servers.serving.errors import BadRequest

LEAST_S, MOST_S = 3.0, 10.0
"""What the model takes; it counts samples at 16 kHz, as `decode` gives them."""
_LONGEST_LOOKED_AT_S = 600.0
PARAM = "refer_wav_path"


def check(name: str, content: bytes) -> str:
    """See that a recording is one that the model takes; blocks.

    Returns:
        The suffix of its kind of file, `.wav`.

    Raises:
        BadRequest: it is not; the message says what is wrong.
    """
    suffix = _suffix(content)
    if not suffix:
        raise BadRequest(
            f"the recording {name} is neither WAV nor FLAC, MP3 or Ogg, which the model reads",
            param=PARAM,
            code="invalid_audio",
        )
    try:
        samples = decode(content, max_audio_s=_LONGEST_LOOKED_AT_S)
    except BadRequest as error:
        raise BadRequest(
            f"the recording {name} is no sound that can be decoded, or minutes long",
            param=PARAM,
            code="invalid_audio",
        ) from error
    length_s = len(samples) / RATE_HZ
    if not LEAST_S <= length_s <= MOST_S:
        raise BadRequest(
            f"the recording {name} is {length_s:.1f} s long; GPT-SoVITS takes 3 to 10 s",
            param=PARAM,
            code="reference_length",
        )
    return suffix


def no_recording() -> BadRequest:
    """What is said where neither the request nor the server has one."""
    return BadRequest(
        f"refer_wav_path is missing, and this server has no recording of its own "
        f"({PREFIX}REFERENCE): name one of 3 to 10 s",
        param=PARAM,
    )


def no_text() -> BadRequest:
    """What is said where a request names a recording without its text."""
    return BadRequest(
        "prompt_text is missing: what is said in the recording that refer_wav_path names, word "
        "by word",
        param="prompt_text",
    )


def _suffix(content: bytes) -> str:
    if content[:4] == b"RIFF":
        return ".wav"
    if content[:4] == b"fLaC":
        return ".flac"
    if content[:4] == b"OggS":
        return ".ogg"
    # Layer III of whichever MPEG version; other layers are AAC, which the model cannot read.
    layer_3 = content[:1] == b"\xff" and content[1:2] and content[1] & 0xE6 == 0xE2
    return ".mp3" if content[:3] == b"ID3" or layer_3 else ""
