"""Engine `f5_tts`: F5-TTS behind its Gradio page, or behind its socket server.

The page takes a recording and its text and answers with a whole file; the socket streams.

Source: `agent.tts.f5_tts.gradio_wire`, `agent.tts.f5_tts.socket_wire`.
"""

from functools import partial

from livekit.agents import APIError, APIStatusError

from agent.errors import ConfigError, EngineUnavailable
from agent.remote.openai_errors import reason_of
from agent.tts.f5_tts.gradio_wire import ENDPOINT, F5GradioWire, gradio_wire
from agent.tts.f5_tts.options import Options
from agent.tts.f5_tts.socket_wire import F5SocketWire
from agent.tts.served.gradio_wire import LOG_IN
from agent.tts.served.probing import built, have_a_word_said, word_in
from agent.tts.served.refusals import explained
from agent.tts.served.voice import ServedVoice


def build(options: Options) -> ServedVoice:
    """Make the component; reads the voices file and its recordings, contacts nobody yet.

    Raises:
        ConfigError: something in the voices file is wrong, or is set that a socket cannot do.
    """
    if options.url.startswith("tcp:"):
        _allow_for_a_socket(options)
        return ServedVoice(F5SocketWire(options))
    return ServedVoice(gradio_wire(options))


async def probe(options: Options) -> str:
    """Have a word spoken and say which voice answered and when.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or does not send speech.
        ConfigError: something in the voices file is wrong.
    """
    engine = await built(partial(build, options))
    try:
        if isinstance(engine.wire, F5GradioWire):
            await _has_endpoint(engine.wire, options)
        first = await have_a_word_said(
            engine,
            address=options.url,
            refused=partial(explained, options.url, denied=LOG_IN),
            running="is F5-TTS running there? Its socket server closes the connection when it "
            "fails: see its log",
            word=word_in(options.language),
        )
    finally:
        await engine.aclose()
    return f"{engine.model} at {engine.provider}: {first}"


def _allow_for_a_socket(options: Options) -> None:
    chosen = ("voices", "voice", "speed", "seed", "steps")
    fields = type(options).model_fields
    told = [name for name in chosen if getattr(options, name) != fields[name].default]
    if told:
        names = ", ".join(f"TTS_{name.upper()}" for name in told)
        raise ConfigError(
            f"{names}: {options.url} speaks as socket_server.py was started; unset that, or use "
            "f5-tts_infer-gradio"
        )


async def _has_endpoint(wire: F5GradioWire, options: Options) -> None:
    try:
        names = await wire.server.endpoints()
    except APIStatusError as error:
        raise EngineUnavailable(explained(options.url, error, denied=LOG_IN)) from error
    except APIError as error:
        raise EngineUnavailable(
            f"{options.url} is no Gradio server that answers: {reason_of(error)}; is "
            "f5-tts_infer-gradio --host 0.0.0.0 running there?"
        ) from error
    if ENDPOINT not in names:
        raise EngineUnavailable(
            f"{options.url} has no {ENDPOINT}; it has {', '.join(sorted(names)) or 'nothing'}: "
            "is it F5-TTS?"
        )
