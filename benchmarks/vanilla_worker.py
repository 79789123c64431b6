"""A plain livekit-agents worker with its own defaults, on the same engines.

    LIVEKIT_AGENT_NAME=vanilla python -m livekit.agents start benchmarks/vanilla_worker.py

`BENCH_VARIANT=tuned` sets what its documentation offers: VAD silence 0.25 s, endpointing
0.25 s, preemptive LLM and TTS.
"""

import os

os.environ.setdefault("LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE", "0")

from livekit.agents import Agent, AgentServer, AgentSession, AutoSubscribe, JobContext, JobProcess
from livekit.agents import stt as stt_module
from livekit.plugins import silero

from agent.settings.engines import load_engine
from agent.settings.load import load

SETTINGS = load()
TUNED = os.environ.get("BENCH_VARIANT") == "tuned"
CHOICES = (("stt", SETTINGS.stt[0]), ("llm", SETTINGS.llm[0]), ("tts", SETTINGS.tts[0]))
for _stage, _choice in CHOICES:
    load_engine(_stage, _choice.engine)  # type: ignore[arg-type]


def set_up(process: JobProcess) -> None:
    """Load what the framework's examples load."""
    process.userdata["vad"] = (
        silero.VAD.load(min_silence_duration=0.25) if TUNED else silero.VAD.load()
    )
    for stage, choice in CHOICES:
        module = load_engine(stage, choice.engine)  # type: ignore[arg-type]
        if hasattr(module, "preload"):
            module.preload()
        process.userdata[stage] = module.build(choice.options)
        if hasattr(module, "warm_up"):
            module.warm_up(process.userdata[stage])


server = AgentServer(
    ws_url=SETTINGS.livekit.url,
    api_key=SETTINGS.livekit.api_key,
    api_secret=SETTINGS.livekit.api_secret.get_secret_value()
    if SETTINGS.livekit.api_secret
    else None,
    setup_fnc=set_up,
    num_idle_processes=SETTINGS.agent.idle_processes,
    load_fnc=lambda: 0.0,
    http_proxy=None,
    host="127.0.0.1",
    port=SETTINGS.agent.health_port,
)


@server.rtc_session(agent_name=SETTINGS.agent.name)
async def answer(ctx: JobContext) -> None:
    """Hold one call as the framework's examples do."""
    data = ctx.proc.userdata
    options = (
        {
            "endpointing": {"min_delay": 0.25},
            "preemptive_generation": {"enabled": True, "preemptive_tts": True},
        }
        if TUNED
        else {}
    )
    session: AgentSession[None] = AgentSession(
        vad=data["vad"],
        stt=data["stt"]
        if data["stt"].capabilities.streaming
        else stt_module.StreamAdapter(stt=data["stt"], vad=data["vad"]),
        llm=data["llm"],
        tts=data["tts"],
        turn_handling={"turn_detection": "vad", **options},  # type: ignore[typeddict-item]
    )
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    await session.start(Agent(instructions="Answer briefly."), room=ctx.room)
