"""Find and load the model, and say what to do when that fails."""

import importlib.util

from model_servers.llm import weights
from model_servers.llm.llama import Llama
from model_servers.llm.settings import PREFIX, ChatSettings
from model_servers.serving.console import Say
from model_servers.serving.errors import ApiError, StartError

_PACKAGE = "xllamacpp"


def load(settings: ChatSettings, say: Say) -> Llama:
    """The model, loaded and warm. Blocks, for minutes when it is downloaded.

    Args:
        settings: which model, and how it runs.
        say: told what is done, one line each.

    Raises:
        StartError: the model cannot be had or cannot run; the message says what to do.
    """
    if importlib.util.find_spec(_PACKAGE) is None:
        raise StartError(
            f"the package {_PACKAGE} is not installed: run `uv sync --extra server-llm`"
        )
    found = weights.find(settings, say)
    say(f"loading {found.name} ({found.path.stat().st_size / 1e6:.0f} MB)")
    llama = Llama(found.name, found.path, settings)
    say("reading the instructions" if settings.instructions else "warming up")
    try:
        llama.warm_up(settings.instructions, settings.concurrency)
    except ApiError as error:
        llama.close()
        raise StartError(
            f"{found.name} does not take the instructions ({PREFIX}INSTRUCTIONS, "
            f"{PREFIX}CONTEXT_TOKENS): {error}"
            if settings.instructions
            else f"{found.name} does not answer: {error}"
        ) from error
    return llama
