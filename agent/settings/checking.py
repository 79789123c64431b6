"""Whether a chosen engine can be built, and whether it works; both say what to do if not."""

import asyncio
from contextlib import suppress

from agent.costs.prices import Price, Prices
from agent.errors import EngineUnavailable, RejoinderError
from agent.settings.engines import Stage, load_engine
from agent.settings.load import StageChoice


def check_engine(stage: Stage, choice: StageChoice) -> None:
    """See that an engine can be built, without loading its model. Blocks, for milliseconds.

    Raises:
        EngineUnavailable: a package, a file or whatever else it needs is missing.
        ConfigError: there is no such engine, or its options contradict what is there.
    """
    module = load_engine(stage, choice.engine)
    try:
        (module.check if hasattr(module, "check") else module.build)(choice.options)
    except ImportError as error:
        raise EngineUnavailable(
            f"{stage.upper()}_ENGINE={choice} cannot be used: {error}; install what it needs, or "
            "choose another engine"
        ) from error
    except RejoinderError as error:
        raise type(error)(choice.by_its_names(stage, str(error))) from error


async def price_of(stage: Stage, choice: StageChoice, prices: Prices) -> Price | None:
    """What an engine costs, as far as is known before it was asked; contacts nobody.

    Raises:
        Exception: as `build` does.
    """
    engine = await asyncio.to_thread(load_engine(stage, choice.engine).build, choice.options)
    try:
        return prices.find(stage, engine=choice.engine, at=engine.provider, model=engine.model)
    finally:
        await engine.aclose()


async def probe_engine(stage: Stage, choice: StageChoice, *, again: bool = False) -> str:
    """Contact an engine and say in one line what works; `again`: one that has failed in a call.

    Raises:
        RejoinderError: it does not.
    """
    try:
        module = load_engine(stage, choice.engine)
        probe = getattr(module, "probe_again", module.probe) if again else module.probe
        said = await probe(choice.options)
    except RejoinderError as error:
        raise type(error)(choice.by_its_names(stage, str(error))) from error
    return str(said)


def import_engine(stage: Stage, choice: StageChoice) -> None:
    """Let an engine that has a `check` import what it is made of; call it on the main thread.

    livekit-agents' plug-ins refuse to be imported elsewhere. What is wrong is said by who asks
    the engine afterwards.
    """
    with suppress(RejoinderError, ImportError):
        module = load_engine(stage, choice.engine)
        if hasattr(module, "check"):
            module.check(choice.options)
