"""What is sent to Polly for a text.

Samples are asked for, 16 kHz being the most that Polly has: they need no decoder. A text is sent
as text; SSML is used for the speed alone, with the text escaped.

Source: https://docs.aws.amazon.com/polly/latest/dg/API_SynthesizeSpeech.html
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from livekit.agents.utils import shortuuid

from agent.remote.aws.clients import Service
from agent.remote.aws.errors import Asked
from agent.remote.aws.request_thread import Reply, pieces
from agent.tts.polly.options import Options, lexicon_names
from agent.tts.polly.voices import language_of
from agent.tts.served.aws_answer import chunks_of
from agent.tts.served.speech_body import SpeechBody
from agent.tts.served.wire import Answer, Wire
from agent.wording.sentences import Splitter

if TYPE_CHECKING:
    from types_boto3_polly import PollyClient

SERVICE = "polly"
RATE_HZ = 16000
_LONGEST = 2800
"""Polly speaks 3000 characters at once."""
_SLOWEST, _FASTEST = 0.2, 2.0


class PollyWire(Wire):
    """One voice of Polly."""

    server: Service

    def __init__(self, options: Options, server: Service) -> None:
        """Ask `server` as `options` say."""
        self.server = server
        self.rate_hz = RATE_HZ
        self.stall_s = options.stall_s
        self.options = options

    @property
    def model(self) -> str:
        """Polly's engine and voice."""
        return f"{self.options.model} {self.options.speaker}"

    @asynccontextmanager
    async def speak(self, text: str) -> AsyncIterator[Answer]:
        """Ask for a text, one part after the other where it is longer than Polly takes."""
        async with aclosing(self._chunks(text)) as chunks:
            yield Answer(chunks, SpeechBody("audio/pcm", rate_hz=RATE_HZ), shortuuid())

    def with_voice(self, voice: str, *, speed: float) -> "PollyWire":
        """Another voice of Polly; it speaks with the same engine."""
        own = self.options
        pace = min(_FASTEST, max(_SLOWEST, own.speed * speed))
        changed = {"voice": voice or own.voice, "speed": pace}
        return PollyWire(own.model_copy(update=changed), self.server)

    async def _chunks(self, text: str) -> AsyncGenerator[bytes, None]:
        begun = False
        for part in parts_of(text):
            request = self.request(part)

            def ask(client: "PollyClient", request: Any = request) -> Reply[bytes]:
                return pieces(client.synthesize_speech(**request)["AudioStream"])

            answer = chunks_of(self.server, ask, self._asked, begun=begun)
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    begun = True
                    yield chunk

    def request(self, text: str) -> dict[str, Any]:
        """The parameters of a request."""
        own = self.options
        request: dict[str, Any] = {
            "Engine": own.model,
            "VoiceId": own.speaker,
            "OutputFormat": "pcm",
            "SampleRate": str(RATE_HZ),
            "Text": text,
            "TextType": "text",
        }
        if own.speed != 1.0:
            rate = f"{round(100 * own.speed)}%"
            said = f'<speak><prosody rate="{rate}">{escape(text)}</prosody></speak>'
            request |= {"Text": said, "TextType": "ssml"}
        if not own.voice:
            # Of a voice that speaks two languages it decides how a text is read.
            request["LanguageCode"] = language_of(own.language)
        lexicons = lexicon_names(own.lexicons)
        return request | ({"LexiconNames": lexicons} if lexicons else {})

    @property
    def _asked(self) -> Asked:
        own = self.options
        engine = (
            f"set TTS_MODEL to an engine that the voice {own.speaker} and the region have, or "
            f"TTS_VOICE to a voice that speaks with {own.model}"
        )
        return Asked(
            "Polly",
            "polly:SynthesizeSpeech",
            f"voice {own.speaker}",
            "TTS_LEXICONS to lexicons that are stored in this region",
            {
                "engine": engine,
                "voiceid": f"set TTS_VOICE to a voice of Polly, not {own.speaker}",
                "language": "set TTS_LANGUAGE to a language that the voice speaks",
            },
        )


def parts_of(text: str) -> list[str]:
    """A text in parts that Polly speaks at once, cut between sentences where it can be."""
    splitter = Splitter()
    parts = [""]
    for sentence in [*splitter.push(text), *splitter.flush()]:
        for at in range(0, len(sentence), _LONGEST):
            piece = sentence[at : at + _LONGEST]
            if len(parts[-1]) + len(piece) > _LONGEST:
                parts.append("")
            parts[-1] += piece
    return [part for part in parts if part.strip()]
