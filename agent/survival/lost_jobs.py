"""The worker's watch over its own jobs: the caller of one that died gets another agent.

livekit-server takes about 20 s to notice that a job's process has gone and does nothing about it
then. The process that holds the jobs knows at once. When it dies itself, the token endpoint sees
it (`rejoinder.web.dispatch`).
"""

import asyncio
import logging
from typing import Any

from livekit import api
from livekit.agents import AgentServer
from livekit.agents.ipc.job_executor import JobExecutor, JobStatus

from agent.options.livekit import LiveKitOptions
from agent.survival.capacity import has_room
from agent.survival.rooms import FAILURES, Replacements, call_another, look
from agent.tasks import begin, fault

logger = logging.getLogger(__name__)


class LostJobs:
    """Watches the job processes of one worker from `start` on, for as long as it runs."""

    def __init__(self, options: LiveKitOptions) -> None:
        """Dispatch through the server that `options` names."""
        self._options = options
        self._replacements = Replacements()
        self._server: AgentServer | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, server: AgentServer) -> None:
        """Begin; the worker has started."""
        self._server = server
        # The framework tells nobody else that a job's process has ended.
        server._proc_pool.on("process_closed", self._on_closed)

    def _on_closed(self, process: JobExecutor) -> None:
        job = process.running_job
        if job is None or process.status is not JobStatus.FAILED:
            return
        replacing = self._replace(job.job, job.accept_arguments.identity)
        task = begin(replacing, name="replace-job")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace(self, job: Any, identity: str) -> None:
        options = self._options
        secret = options.api_secret.get_secret_value() if options.api_secret else None
        try:
            async with api.LiveKitAPI(options.url, options.api_key, secret) as lkapi:
                seen = await look(lkapi, job.room.name)
                now = asyncio.get_running_loop().time()
                if not seen.callers or not self._replacements.allowed(job.room.name, now=now):
                    return
                if self._server is not None:
                    await has_room(self._server)  # the dead job's place is free
                called = await call_another(
                    lkapi,
                    job.room.name,
                    agent_name=job.agent_name,
                    lost={identity, job.dispatch_id},
                )
        except FAILURES as error:
            logger.error(
                "a job died and no other could be called", extra={"job_id": job.id, **fault(error)}
            )
        else:
            logger.error("a job died", extra={"job_id": job.id, "called_another": called})
