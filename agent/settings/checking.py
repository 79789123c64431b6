"""Whether a chosen engine can be built, and whether it works; both say what to do if not."""

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


async def probe_engine(stage: Stage, choice: StageChoice) -> str:
    """Contact an engine and say in one line what works.

    Raises:
        RejoinderError: it does not.
    """
    try:
        said = await load_engine(stage, choice.engine).probe(choice.options)
    except RejoinderError as error:
        raise type(error)(choice.by_its_names(stage, str(error))) from error
    return str(said)
