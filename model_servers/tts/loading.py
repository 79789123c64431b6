"""Find and load the voices, and say what to do when that fails."""

import threading

from model_servers.serving.console import Say
from model_servers.serving.errors import BadRequest, StartError
from model_servers.tts import espeak, kokoro_weights, weights
from model_servers.tts.settings import DEFAULT_VOICE, PREFIX, SpeechSettings
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
    trained: dict[str, Speaker] = {**_hibari(settings, say), **_piper(settings, say)}
    trained |= kokoro_weights.find(settings, robot, say)
    try:
        voices = Voices(trained, robot, settings.voice, settings.chosen_voices())
    except BadRequest as error:
        raise StartError(f"{PREFIX}VOICE, {PREFIX}SPEAKERS: {error}") from error
    say(f"loading the voice {settings.voice}")
    # The first sentence takes many times longer than the following ones.
    for _ in voices.default.speak("a", speed=1.0, stop=threading.Event()):
        pass
    return voices


def _hibari(settings: SpeechSettings, say: Say) -> dict[str, Speaker]:
    try:
        from model_servers.tts.hibari_voice import HibariSpeaker
    except ModuleNotFoundError as error:
        if settings.voice != DEFAULT_VOICE:
            say("hibari is not installed: its voice is not there")
            return {}
        raise StartError(
            "hibari is not installed: run `uv sync --extra server-tts`, or use "
            f"--voice espeak:en-us ({PREFIX}VOICE)"
        ) from error
    return {DEFAULT_VOICE: HibariSpeaker()}


def _piper(settings: SpeechSettings, say: Say) -> dict[str, Speaker]:
    files = weights.find(settings, say)
    if not files:
        return {}
    try:
        from model_servers.tts.piper_voice import PiperSpeaker
    except ModuleNotFoundError as error:
        if settings.voice not in files:
            say("Piper is not installed: its voices are not there")
            return {}
        raise StartError(
            "Piper is not installed: run `uv sync --extra server-tts`, or use "
            f"--voice espeak:en-us ({PREFIX}VOICE)"
        ) from error
    return {name: PiperSpeaker(name, model, settings) for name, model in files.items()}
