"""`rejoinder start`: the worker, for production.

livekit-agents' own start module runs it; SIGTERM stops new calls and waits for running ones.
"""

import argparse
from importlib.util import find_spec

from livekit.agents.__main__ import main as livekit_agents

from agent.call.line_ups import check_recognisers
from agent.errors import ConfigError
from agent.memory.opened import opened
from agent.recorder.folder import folder_of, make_folder
from agent.settings.checking import check_engine
from agent.settings.engines import TABLES
from agent.settings.load import StageChoice, apply_env_file, load, override
from agent.survival import history_copy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags that win over the environment."""
    parser.add_argument("--health-port", type=int, help="TCP port of the health page; 0: any free")
    parser.add_argument("--log-level", default="INFO", help="DEBUG, INFO, WARN or ERROR")
    parser.add_argument(
        "--log-format", choices=("colored", "json"), default="colored", help="how lines look"
    )


def run(args: argparse.Namespace) -> int:
    """Check the settings and that their engines can be built, then serve until a signal."""
    apply_env_file()
    if args.health_port is not None:
        override(AGENT_HEALTH_PORT=str(args.health_port))
    effective = load()
    livekit = effective.livekit
    missing = [
        name
        for name, value in (
            ("LIVEKIT_URL", livekit.url),
            ("LIVEKIT_API_KEY", livekit.api_key),
            ("LIVEKIT_API_SECRET", livekit.api_secret),
        )
        if not value
    ]
    if missing:
        raise ConfigError(
            f"{', '.join(missing)} must be set: the LiveKit server to register with. "
            "Without a server of your own, `rejoinder demo` starts one."
        )
    if effective.record.record != "off":
        make_folder(folder_of(effective.record))
    if effective.agent.history_url is not None:
        history_copy.client(effective.agent.history_url)
    if effective.memory.memory == "on":
        opened(effective.memory).store.prune()
    # A job process that cannot be set up is started again for ever, while the worker says that
    # all is well. The engines are imported by the worker in this process anyway.
    for stage in TABLES:
        choices: tuple[StageChoice, ...] = getattr(effective, stage)
        for choice in choices:
            check_engine(stage, choice)
    check_recognisers(effective.stt)
    worker = find_spec("agent.job.worker")
    assert worker is not None
    assert worker.origin is not None
    return livekit_agents(
        ["start", worker.origin, "--log-level", args.log_level, "--log-format", args.log_format]
    )
