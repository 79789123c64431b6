"""Engine `polly`: Amazon Polly, standard, neural, long-form and generative voices.

livekit-plugins-aws asks for MP3, which a decoder holds back. Here samples are asked for and
played as they arrive, over one client with its connections. Times of words (speech marks) are
not asked for: they are a second request, which is paid like the first.

Source: https://docs.aws.amazon.com/polly/latest/dg/API_SynthesizeSpeech.html
"""

import asyncio

from botocore.exceptions import BotoCoreError, ClientError

from agent.errors import EngineUnavailable
from agent.remote.aws.accounts import Account
from agent.remote.aws.clients import CLIENTS, Service
from agent.remote.openai_errors import reason_of
from agent.tts.polly.options import Options
from agent.tts.polly.voices import language_of
from agent.tts.polly.wire import SERVICE, PollyWire
from agent.tts.served.probing import have_a_word_said, word_in
from agent.tts.served.voice import ServedVoice


def build(options: Options) -> ServedVoice:
    """Make the component; nothing is contacted and no client is built yet."""
    return ServedVoice(PollyWire(options, Service(SERVICE, options, provider="Amazon Polly")))


def preload() -> None:
    """Import boto3 and read what it knows of Polly."""
    CLIENTS.preload(SERVICE)


async def probe(options: Options) -> str:
    """Have a word spoken and say which voice answered and when.

    Raises:
        EngineUnavailable: no credentials or access, or the region has no such voice.
    """
    engine = build(options)
    try:
        first = await have_a_word_said(
            engine,
            address="Polly",
            refused=lambda error: f"Polly does not speak as {options.speaker}: {reason_of(error)}",
            running="see AWS_REGION, the network and the AWS settings",
            word=word_in(options.language),
        )
    except EngineUnavailable as error:
        known = await asyncio.to_thread(_voices, options)
        if not known:
            raise
        raise EngineUnavailable(
            f"{error}; with {options.model} this region has {', '.join(known)} for "
            f"{language_of(options.language)}"
        ) from error
    finally:
        await engine.aclose()
    return f"Polly, {options.model} voice {options.speaker}: {first}"


def _voices(options: Options) -> list[str]:
    """Voices of a region for a language and an engine; empty when they cannot be had."""
    try:
        client = CLIENTS.get(SERVICE, Account.of(options))
        found = client.describe_voices(
            Engine=options.model, LanguageCode=language_of(options.language)
        )
    except (BotoCoreError, ClientError):
        return []
    return sorted(voice["Id"] for voice in found["Voices"])
