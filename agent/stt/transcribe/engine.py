"""Engine `transcribe`: Amazon Transcribe, which tells words while they are spoken.

    STT_ENGINE=transcribe
    AWS_REGION=eu-central-1
    STT_LANGUAGE=de

The account is AWS's usual one, or the engine's own (`STT_PROFILE`, `STT_ROLE_ARN` …); it must be
allowed transcribe:StartStreamTranscriptionWebSocket. A stream is a connection, or one after the
other (`agent.stt.transcribe.stream`); one that is lost is opened again by who listens
(`agent.turns.streaming`), who knows what of its sound was not final.
"""

import asyncio
import weakref

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectOptions,
    APIError,
    APIStatusError,
    stt,
    utils,
)
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.errors import EngineUnavailable
from agent.remote.aws.clients import CLIENTS
from agent.remote.openai_errors import reason_of
from agent.stt.probing import hear_a_tone
from agent.stt.transcribe.options import Options
from agent.stt.transcribe.service import TranscribeService
from agent.stt.transcribe.stream import TranscribeStream

_STANDARD = "standard"


def build(options: Options) -> stt.STT[str]:
    """Make the component; nothing is contacted yet."""
    return TranscribeSpeechToText(options)


def preload() -> None:
    """Import botocore, which finds credentials and signs with them."""
    CLIENTS.preload_core()


async def probe(options: Options) -> str:
    """Let it hear a short tone and say when it has answered.

    Raises:
        EngineUnavailable: no region, no credentials or access, or Transcribe cannot be reached or
            refuses what is set.
    """
    engine = await asyncio.to_thread(TranscribeSpeechToText, options)
    try:
        how = await hear_a_tone(engine)
    except APIStatusError as error:
        raise EngineUnavailable(f"Transcribe does not listen: {reason_of(error)}") from error
    except APIError as error:
        raise EngineUnavailable(
            f"Transcribe cannot be used: {reason_of(error)}; see AWS_REGION, the network and the "
            "AWS settings"
        ) from error
    finally:
        await engine.aclose()
    return f"{engine.provider} at {engine.service.host}, {engine.languages}: {how}"


class TranscribeSpeechToText(stt.STT[str]):
    """Streams only: interim words with their times while somebody speaks, final ones after pauses.

    Streams are independent of each other, a connection each.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True,
                interim_results=True,
                aligned_transcript="word",
                offline_recognize=False,
            )
        )
        self._options = options
        self.service = TranscribeService(options)
        self._streams: weakref.WeakSet[TranscribeStream] = weakref.WeakSet()

    @property
    def model(self) -> str:
        """Name of the custom language model, or `standard`."""
        return self._options.model or _STANDARD

    @property
    def provider(self) -> str:
        """Always `Amazon Transcribe`."""
        return "Amazon Transcribe"

    @property
    def languages(self) -> str:
        """What it listens for, in Transcribe's codes, for people."""
        return " or ".join(self._options.choice) or self._options.language_code

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise NotImplementedError("this engine streams, and takes no whole utterances")

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> TranscribeStream:
        """Open a connection in the background; `language` goes before the one of the settings."""
        stream = TranscribeStream(
            self,
            self.service,
            self._options,
            language=language if utils.is_given(language) else "",
            conn_options=conn_options,
        )
        self._streams.add(stream)
        return stream

    async def aclose(self) -> None:
        """Close all connections. May be called more than once."""
        await asyncio.gather(*(stream.aclose() for stream in self._streams))
        await self.service.aclose()
