"""Settings of the talk page for one test."""

from typing import Any

from agent.options.agent import AgentOptions
from agent.options.fields import EngineOptions
from agent.options.livekit import LiveKitOptions
from agent.options.personas import PersonaOptions
from agent.options.stages import ModelOptions
from agent.options.turns import TurnOptions
from agent.options.web import TalkOptions
from agent.settings.load import Settings, StageChoice
from testbed.livekit_process import LiveKitProcess


def talk_settings(
    server: LiveKitProcess,
    *,
    agent_name: str = "",
    personas: PersonaOptions | None = None,
    **talk: Any,
) -> Settings:
    """Settings that point to `server`; `talk` are fields of `TalkOptions`, the port is free."""
    no_engine = (StageChoice("none", EngineOptions(), "not used here", 1.0, 0),)
    return Settings(
        livekit=LiveKitOptions(
            url=server.url, api_key=server.api_key, api_secret=server.api_secret
        ),
        agent=AgentOptions(name=agent_name),
        turn=TurnOptions(),
        talk=TalkOptions(**({"port": 0} | talk)),
        stt=no_engine,
        llm=no_engine,
        tts=no_engine,
        reply=ModelOptions(),
        values=(),
        notes=(),
        personas=personas or PersonaOptions(),
    )
