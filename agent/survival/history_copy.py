"""A second copy of what was said, in a redis: it outlives the node of livekit-server.

Sealed as in the room (`agent.survival.history`), under a name that tells neither the room nor who
is in it. It is deleted when the call is over; one that nobody renews is gone after KEPT_S.
"""

import asyncio
import logging
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from pydantic import SecretStr

from agent.errors import ConfigError
from agent.survival.history import Memory, Seal
from agent.tasks import fault

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

KEPT_S = 60
"""Longest time that a copy outlives the job that has written it, seconds: a client was once back
after 41 s where a node was lost."""
_RENEWED_S = 20.0
_AGAIN_S = 2.0
"""After a redis that did not answer, seconds."""
_ANSWER_S = 0.5
"""Longest wait for redis, seconds: the first words of a call whose redis is dead come so much
later."""
_DELETE_OWN = (
    "if redis.call('HGET', KEYS[1], 'job') == ARGV[1] then return redis.call('DEL', KEYS[1]) end "
    "return 0"
)


def preload(url: SecretStr | None) -> None:
    """Import what a call would wait for, before processes part."""
    if url is not None:
        with suppress(ModuleNotFoundError):
            import_module("redis.asyncio")


def client(url: SecretStr) -> "Redis":
    """A client that has not connected.

    Raises:
        ConfigError: the package is missing, or the address is none.
    """
    try:
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ModuleNotFoundError:
        raise ConfigError(
            "AGENT_HISTORY_URL needs the package redis: uv sync --inexact --extra redis"
        ) from None
    try:
        return Redis.from_url(
            url.get_secret_value(),
            decode_responses=True,
            socket_connect_timeout=_ANSWER_S,
            socket_timeout=_ANSWER_S,
            # Once, for a connection that redis has closed while nothing was said.
            retry=Retry(NoBackoff(), 1),
            driver_info=None,  # it is looked up on the disk for each client
        )
    except ValueError:
        raise ConfigError(
            "AGENT_HISTORY_URL must be redis://HOST:PORT, rediss://HOST:PORT or unix:///PATH"
        ) from None


async def ping(url: SecretStr) -> str:
    """Ask a redis whether it answers, and say so.

    Raises:
        ConfigError: as `client`; or it does not answer.
    """
    async with client(url) as redis:
        try:
            await redis.ping()
        except _failures() as error:
            raise ConfigError(
                f"no redis answers there ({type(error).__name__}): start it, or mend the address"
            ) from None
    return "redis answers"


class HistoryCopy:
    """Of the calls in one room, as one job has it. `run` must run for as long as the call does."""

    def __init__(self, url: SecretStr | None, seal: Seal | None, *, agent: str, job: str) -> None:
        """Prepare; without an address or a seal nothing is kept.

        Args:
            url: of the redis.
            seal: of the room.
            agent: name of the agent; others in the room have copies of their own.
            job: id of this job: what another one has written meanwhile is not deleted by it.

        Raises:
            ConfigError: as `client`.
        """
        self._redis = client(url) if url is not None and seal is not None else None
        self._seal = seal
        self._key = f"rejoinder:history:{seal.name(agent)}" if seal is not None else ""
        self._job = job
        self._left: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """What an earlier job has left, sealed; empty: nothing."""
        self._sealed = ""
        self._changed = asyncio.Event()
        self._answers = True
        self._closed = False
        self._writing = asyncio.Lock()

    async def left(self) -> Memory | None:
        """What an earlier job has left; None: nothing, or redis did not answer in time."""
        if self._redis is None or self._seal is None:
            return None
        read, _ = await asyncio.wait({self._left}, timeout=_ANSWER_S)
        return self._seal.open(self._left.result()) if read else None

    def keep(self, sealed: str) -> None:
        """Keep this from now on."""
        self._sealed = sealed
        self._changed.set()

    async def run(self) -> None:
        """Read what was left, once; then write what there is to keep, and renew it."""
        if self._redis is None:
            return
        if not self._left.done():
            self._left.set_result(await self._read(self._redis))
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEWED_S if self._answers else _AGAIN_S):
                    await self._changed.wait()
            self._changed.clear()
            async with self._writing:
                if self._sealed and not self._closed:
                    await self._write(self._redis)

    async def aclose(self, *, over: bool) -> None:
        """Disconnect; if the call is `over`, and not only this job, delete the copy first."""
        if self._redis is None:
            return
        self._closed = True
        try:
            async with self._writing:
                if over:
                    await self._redis.eval(_DELETE_OWN, 1, self._key, self._job)
        except _failures() as error:
            logger.warning(
                "redis did not delete the copy of a history: it is gone within a minute",
                extra=fault(error),
            )
        finally:
            with suppress(*_failures()):
                await self._redis.aclose()

    async def _read(self, redis: "Redis") -> str:
        try:
            return str(await redis.hget(self._key, "history") or "")
        except _failures() as error:
            self._failed(error)
            return ""

    async def _write(self, redis: "Redis") -> None:
        try:
            async with redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(self._key, mapping={"job": self._job, "history": self._sealed})
                pipeline.expire(self._key, KEPT_S)
                await pipeline.execute()
            self._answers = True
        except _failures() as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        if self._answers:
            logger.warning(
                "redis does not keep the history of this call; the room does", extra=fault(error)
            )
        self._answers = False


def _failures() -> tuple[type[Exception], ...]:
    from redis.exceptions import RedisError

    return RedisError, OSError
