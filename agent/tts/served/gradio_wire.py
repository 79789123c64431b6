"""A voice that is a job of a Gradio server: a recording goes there, a sound file comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from livekit.agents import APIConnectionError
from livekit.agents.utils import shortuuid
from pydantic import SecretStr

from agent.remote.gradio.calls import GradioCalls
from agent.remote.gradio.jobs import PendingJob
from agent.remote.gradio.server import GradioServer
from agent.tts.served.speech_body import SpeechBody
from agent.tts.served.wire import Answer

LOG_IN = "set TTS_USERNAME and TTS_PASSWORD, or TTS_API_KEY where it wants a key"
_MOST = 2
"""Jobs at the same time; such demos work on one."""


class GradioConnections:
    """A Gradio server. Belongs to one event loop."""

    def __init__(
        self,
        url: str,
        api_key: SecretStr | None,
        *,
        username: str | None,
        password: SecretStr | None,
    ) -> None:
        """`url` may be a Hugging Face Space, owner/name; nothing is contacted yet."""
        secret = password.get_secret_value() if password else ""
        server = GradioServer(
            url,
            token=api_key.get_secret_value() if api_key else None,
            login=(username, secret) if username else None,
        )
        self._calls = GradioCalls(server, most=_MOST, name="tts-gradio")
        self.provider = urlsplit(url).netloc.rpartition("@")[2] or url

    def prewarm(self) -> None:
        """Connect in the background."""
        self._calls.prewarm()

    async def aclose(self) -> None:
        """Cancel all jobs and let go of all connections. May be called more than once."""
        await self._calls.aclose()

    async def endpoints(self) -> list[str]:
        """Names of the endpoints that it has; raises APIError."""
        return await self._calls.endpoints()

    @asynccontextmanager
    async def answer(self, job: PendingJob, *, rate_hz: int) -> AsyncIterator[Answer]:
        """Run a job whose result is a sound file.

        Raises:
            APIError: the server refuses, fails, or cannot be reached.
        """
        sound = await self._calls.run(job)
        if not isinstance(sound, bytes):
            raise APIConnectionError("the answer has no sound file", retryable=False)
        yield Answer(_once(sound), SpeechBody("audio/wav", rate_hz=rate_hz), shortuuid())


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
