"""The worker process: the only module that knows the life cycle of jobs.

livekit-agents imports this module by path in the worker and by name in each job process,
so `server` and the functions below must stay plain module-level names.
"""

import importlib
import os

# livekit-agents would preload its end-of-turn model, 244 MB a worker; a process that uses it
# (TURN_MODEL) loads it. Set before livekit.agents is imported.
os.environ.setdefault("LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE", "0")

import logging

from livekit.agents import NOT_GIVEN, AgentServer, JobContext, JobExecutorType, JobProcess

from agent.call.features import load_features
from agent.call.parts import load_parts
from agent.job import kinds
from agent.job.log import protect_from_the_first_line, protect_logs
from agent.job.serving import serve_job
from agent.personas.chosen import shelf_of
from agent.remote import proxies
from agent.settings.checking import import_engine
from agent.settings.engines import TABLES, load_engine
from agent.settings.load import apply_env_file, load
from agent.survival.lost_jobs import LostJobs
from agent.survival.orphans import OrphanWatch
from agent.tools.modules import load_tools

logger = logging.getLogger(__name__)

apply_env_file()
SETTINGS = load()
proxies.spare_this_machine()
proxies.let_native_client_reach(SETTINGS.livekit.url or "")
# Now, on the main thread: livekit-agents' plug-ins refuse to be imported on another one.
for _stage in TABLES:
    for _choice in getattr(SETTINGS, _stage):
        load_engine(_stage, _choice.engine)
        if SETTINGS.agent.isolation == "thread":
            import_engine(_stage, _choice)  # calls are set up on threads, and nothing parts
load_features(SETTINGS)
load_tools(SETTINGS.tools.tools)
if SETTINGS.mcp.servers.by_name:
    importlib.import_module("agent.tools.mcp_servers")
for _kind in kinds.KINDS:
    kinds.load(_kind)
_shelf = shelf_of(SETTINGS.personas)

_BELOW_THRESHOLD = 0.69
"""Largest load reported while calls are still taken. livekit-server stops sending calls to
a worker that reports 0.7 (its `agents.target_load`), whatever the worker itself accepts."""


def load_by_calls(server: AgentServer) -> float:
    """Load as the share of calls taken: below the threshold until the last place is gone."""
    share = len(server.active_jobs) / SETTINGS.agent.max_calls
    return 1.0 if share >= 1 else share * _BELOW_THRESHOLD


def set_up_process(process: JobProcess) -> None:
    """Load models before a call arrives. Connections are opened when its session starts."""
    protect_logs()
    process.userdata["parts"] = load_parts(SETTINGS)


server = AgentServer(
    ws_url=SETTINGS.livekit.url,
    api_key=SETTINGS.livekit.api_key,
    api_secret=SETTINGS.livekit.api_secret.get_secret_value()
    if SETTINGS.livekit.api_secret
    else None,
    setup_fnc=set_up_process,
    load_fnc=load_by_calls if SETTINGS.agent.max_calls else None,
    job_executor_type=JobExecutorType[SETTINGS.agent.isolation.upper()],
    num_idle_processes=SETTINGS.agent.idle_processes,
    # All that a call imports and loads is loaded once and shared by all processes.
    preload_modules=["agent.job.worker", "agent.job.preloaded"],
    # The framework would send all traffic to HTTPS_PROXY.
    http_proxy=None if proxies.is_direct(SETTINGS.livekit.url or "") else NOT_GIVEN,
    host=SETTINGS.agent.health_host,
    port=SETTINGS.agent.health_port,
    drain_timeout=SETTINGS.agent.drain_timeout_s,
)


def tell_of_personas() -> None:
    """Say which files are left out, once logs are as they are to be."""
    for mistake in _shelf.mistakes:
        logger.error("a persona is left out", extra={"why": mistake})


protect_from_the_first_line()
server.on("worker_started", protect_logs)
server.on("worker_started", tell_of_personas)
_lost_jobs = LostJobs(SETTINGS.livekit)
_orphans = OrphanWatch(SETTINGS.livekit, agent_name=SETTINGS.agent.name)
server.on("worker_started", lambda: _lost_jobs.start(server))
if SETTINGS.agent.watch:
    server.on("worker_started", lambda: _orphans.start(server))


@server.rtc_session(agent_name=SETTINGS.agent.name)
async def answer(ctx: JobContext) -> None:
    """Do one job."""
    await serve_job(ctx, ctx.proc.userdata["parts"], SETTINGS)
