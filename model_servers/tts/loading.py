"""Find and load the voices, and say what to do when that fails."""

import threading

from model_servers.serving.console import Say
from model_servers.serving.errors import BadRequest, StartError
from model_servers.tts import espeak, weights
from model_servers.tts.settings import PREFIX, SpeechSettings
from model_servers.tts.voices import Speaker, Voices


def load(settings: SpeechSettings, say: Say) -> Voices:
    """All voices, the default one loaded and warm. Blocks.

    Args:
        settings: which voices and where they run.
        say: told what is done, one line each.

    Raises:
        StartError: a voice cannot be had or cannot run; the message says what to do.
    """
    robot = espeak.library()
    piper = _piper(settings, say)
    try:
        voices = Voices(piper, robot, settings.voice)
    except BadRequest as error:
        raise StartError(f"{PREFIX}VOICE: {error}") from error
    say(f"loading the voice {settings.voice}")
    # The first sentence takes many times longer than the following ones.
    for _ in voices.default.speak("a", speed=1.0, stop=threading.Event()):
        pass
    return voices


def _piper(settings: SpeechSettings, say: Say) -> dict[str, Speaker]:
    files = weights.find(settings, say)
    if not files:
        return {}
    try:
        from model_servers.tts.piper_voice import PiperSpeaker
    except ModuleNotFoundError as error:
        if settings.voice.startswith(weights.ESPEAK_PREFIX):
            say("Piper is not installed: only espeak-ng's voices are there")
            return {}
        raise StartError(
            "Piper is not installed: run `uv sync --extra server-tts`, or use "
            f"--voice espeak:en-us ({PREFIX}VOICE)"
        ) from error
    return {name: PiperSpeaker(name, model, settings) for name, model in files.items()}
