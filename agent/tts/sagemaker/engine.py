"""Engine `sagemaker`: GPT-SoVITS in a container behind an endpoint of Amazon SageMaker.

Two kinds of containers. One streams samples (inline). The other, of the article that made it
known, puts WAV or MP3 files into a bucket and says where each is (s3): that takes a round trip
more, and rights on the bucket.

Source: qingyuan18/GPT-SoVITS, api.py and serve.
"""

from functools import partial

from agent.remote.aws.clients import CLIENTS
from agent.remote.openai_errors import reason_of
from agent.tts.cloned_voices import VoicesFile, read_voices
from agent.tts.gpt_sovits.languages import UnknownLanguage, code_of
from agent.tts.sagemaker.options import Options
from agent.tts.sagemaker.wire import SERVICE, STORE, VERSION, Amazon, SageMakerWire
from agent.tts.served.probing import built, have_a_word_said, word_in
from agent.tts.served.voice import ServedVoice


def build(options: Options) -> ServedVoice:
    """Make the component; reads the voices file, contacts nobody.

    Raises:
        ConfigError: the voices file cannot be read, or has no such voice.
    """
    return ServedVoice(SageMakerWire(options, _file(options), Amazon(options)))


def check(options: Options) -> None:
    """See that the voice is in the voices file.

    Raises:
        ConfigError: it is not, the file cannot be read, or a language in it is not spoken.
    """
    _file(options)


def preload() -> None:
    """Import boto3 and read what it knows of SageMaker and S3."""
    CLIENTS.preload(SERVICE)
    CLIENTS.preload(STORE)


async def probe(options: Options) -> str:
    """Have a word spoken and say which endpoint answered and when.

    Raises:
        EngineUnavailable: no credentials, no such endpoint, or its container refuses.
        ConfigError: the voices file cannot be read, or has no such voice.
    """
    engine = await built(partial(build, options))
    address = f"SageMaker's endpoint {options.endpoint}"
    try:
        first = await have_a_word_said(
            engine,
            address=address,
            refused=lambda error: f"{address} does not speak: {reason_of(error)}",
            running=f"is TTS_MODE={options.mode} how its container answers?",
            word=word_in(options.language),
        )
    finally:
        await engine.aclose()
    return f"{engine.model}, {options.mode}: {first}"


def _file(options: Options) -> VoicesFile | None:
    if options.voices is None:
        return None
    file = read_voices(options.voices)
    file.check_has(options.voice)
    for name, voice in file.voices.items():
        for key, language in (("language", voice.language), ("speaks", voice.speaks)):
            try:
                code_of(language, version=VERSION)
            except UnknownLanguage as error:
                raise file.complaint(name, key, f"{key}: {error}") from error
    return file
