"""Engine `gpt_sovits`: cloned voices of GPT-SoVITS, by its api_v2.py or its api.py.

A voice is a recording of 3 to 10 s on the server's machine, with its text, named in a file
(`agent.tts.cloned_voices`). The server says what is wrong with one only when it is asked for the
whole answer at once: streamed, every fault is an answer that breaks off. So `probe` asks for a
whole one first.

Source: RVC-Boss/GPT-SoVITS, api_v2.py, api.py, GPT_SoVITS/TTS_infer_pack/TTS.py.
"""

import asyncio
import re
from functools import partial

import httpx
import numpy as np
from livekit.agents import APIConnectionError, APIError, APIStatusError

from agent.audio.pcm import from_wav, to_s16le
from agent.audio.streams import is_sound
from agent.errors import EngineUnavailable
from agent.remote.http_client import answer
from agent.remote.http_client import preload as preload
from agent.remote.openai_errors import reason_of
from agent.tts.cloned_voices import VoicesFile, length_s, read_voices
from agent.tts.gpt_sovits.languages import UnknownLanguage, code_of
from agent.tts.gpt_sovits.options import Options
from agent.tts.gpt_sovits.server import SovitsServer
from agent.tts.gpt_sovits.wire import SovitsWire
from agent.tts.served.probing import PROBE_TIMEOUT_S, built, have_a_word_said, word_in
from agent.tts.served.refusals import SEE_THE_LOG, SET_A_KEY, reason_in
from agent.tts.served.voice import ServedVoice

SHORTEST_S, LONGEST_S = 3.0, 10.0
"""Of a recording that api_v2.py accepts."""
_LENGTHS = re.compile(r"3\s*(~|-|–|to)\s*10")
"""In what the server says of a recording that is shorter or longer, in whichever language."""
_NEED_TEXT = ("v3", "v4")
_FAILED_HZ = 16000
"""Rate of the second of silence that api_v2.py sends when its model has failed."""


def build(options: Options) -> ServedVoice:
    """Make the component; reads the voices file, contacts nobody yet.

    Raises:
        ConfigError: something in the voices file is wrong.
    """
    return ServedVoice(_wire(options))


async def probe(options: Options) -> str:
    """Have a word spoken whole and one as it is set, and say which voice answered and when.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or does not send speech.
        ConfigError: something in the voices file is wrong.
    """
    wire = await asyncio.to_thread(_wire, options)
    engine = await built(partial(ServedVoice, wire))
    try:
        program = await _say_whole(wire)
        first = await have_a_word_said(
            engine,
            address=options.url,
            refused=partial(_refusal, wire),
            running=SEE_THE_LOG,
            word=_word(wire),
        )
    finally:
        await engine.aclose()
    voice = f"voice {wire.name}" if wire.name else "the server's own recording"
    return f"{program}.py at {engine.provider}, {voice}: {first}"


def _wire(options: Options) -> SovitsWire:
    file = read_voices(options.voices) if options.voices is not None else None
    if file is not None:
        check_voices(file, options)
    several = file is not None and (
        len(file.voices) > 1 or any(v.gpt_weights or v.sovits_weights for v in file.voices.values())
    )
    alone = options.one_at_a_time == "on" or (options.one_at_a_time == "auto" and several)
    return SovitsWire(options, file, SovitsServer(options, alone=alone))


def check_voices(file: VoicesFile, options: Options) -> None:
    """See that the server can speak in the voices of a file, as far as it shows here; blocks.

    Raises:
        ConfigError: it cannot; the message names the line.
    """
    file.check_has(options.voice)
    trained = [name for name, v in file.voices.items() if v.gpt_weights or v.sovits_weights]
    for name, voice in file.voices.items():
        for key in ("language", "speaks"):
            try:
                code_of(getattr(voice, key), version=options.model_version)
            except UnknownLanguage as error:
                raise file.complaint(name, key, f"{key}: {error}") from error
        if not voice.text and (options.model_version in _NEED_TEXT or options.dialect == "api"):
            asks = "api.py" if options.dialect == "api" else f"GPT-SoVITS {options.model_version}"
            raise file.complaint(name, "audio", f"lacks text: {asks} needs what is said in it")
        if trained and name not in trained:
            raise file.complaint(
                name,
                "",
                "needs gpt_weights and sovits_weights, as another voice of the file has them: "
                "which the server then has loaded is not known",
            )
        if options.dialect != "api":
            _check_length(file, name, voice.audio)


def _check_length(file: VoicesFile, name: str, recording: str) -> None:
    """A recording that is on this machine too must have a length that the server takes."""
    path = file.local(recording)
    took_s = length_s(path) if path.is_file() else None
    if took_s is not None and not SHORTEST_S <= took_s <= LONGEST_S:
        raise file.complaint(
            name,
            "audio",
            f"audio: {recording} is {took_s:.1f} s long; GPT-SoVITS takes recordings of "
            f"{SHORTEST_S:g} to {LONGEST_S:g} s",
        )


async def _say_whole(wire: SovitsWire) -> str:
    """Have a word spoken in one answer, which tells what is wrong; which program answers.

    Raises:
        EngineUnavailable: something is.
    """
    options = wire.options
    try:
        async with (
            asyncio.timeout(PROBE_TIMEOUT_S),
            wire.server.ready_for(wire.weights) as program,
        ):
            if program == "api":
                return program
            request = wire.request(program, _word(wire), streaming_mode=0, media_type="wav")
            async with answer(wire.server.client, request) as response:
                said = await response.aread()
    except TimeoutError as error:
        raise EngineUnavailable(
            f"{options.url} sent no speech within {PROBE_TIMEOUT_S:g} s; its first text loads its "
            "models: try again"
        ) from error
    except (httpx.HTTPError, APIConnectionError) as error:
        raise EngineUnavailable(
            f"{options.url} is no GPT-SoVITS server that answers: {reason_of(error)}; is "
            "`python api_v2.py -a 0.0.0.0 -p 9880` running there? Without -a it answers its own "
            "machine alone"
        ) from error
    except APIStatusError as error:
        raise EngineUnavailable(_refusal(wire, error)) from error
    except APIError as error:
        raise EngineUnavailable(f"{options.url}: {reason_of(error)}") from error
    if response.status_code != 200:
        why = reason_in(said) or response.reason_phrase
        raise EngineUnavailable(_explained(wire, why, response.status_code))
    _check_whole(wire, said)
    return program


def _check_whole(wire: SovitsWire, wav: bytes) -> None:
    """See that a whole answer is speech, at the rate that is set."""
    options = wire.options
    try:
        samples, rate_hz = from_wav(wav)
    except ValueError as error:
        raise EngineUnavailable(f"{options.url} does not send speech: {error}") from error
    if not is_sound(np.frombuffer(to_s16le(samples), "<i2")):
        second = ", the second of silence of a model that failed" if rate_hz == _FAILED_HZ else ""
        raise EngineUnavailable(f"{options.url} answers with silence{second}; see the server's log")
    if options.media_type == "raw" and rate_hz != wire.rate_hz:
        raise EngineUnavailable(
            f"{options.url} speaks at {rate_hz} Hz, and TTS_MODEL_VERSION={options.model_version} "
            f"at {wire.rate_hz}: set TTS_MODEL_VERSION to the server's, or TTS_MEDIA_TYPE=wav"
        )


def _refusal(wire: SovitsWire, error: APIStatusError) -> str:
    return _explained(wire, reason_of(error), error.status_code)


def _explained(wire: SovitsWire, why: str, status: int) -> str:
    """A refusal, and what to do about it."""
    voice = f"voice {wire.name}" if wire.name else "a voice"
    return f"{wire.options.url} refuses {voice}: {why}; {_remedy(wire, why, status)}"


def _remedy(wire: SovitsWire, why: str, status: int) -> str:
    said = why.lower()
    if status in (401, 403):
        return SET_A_KEY
    if wire.voice is None:
        if status == 422:
            return "set TTS_VOICE to a voice of that file"
        return "name a recording on the server in a file, and the file in TTS_VOICES"
    place = wire.place("audio")
    if "no such file" in said or "not exist" in said or "error opening" in said:
        return f"{place}: the path must be one on the server's machine"
    if _LENGTHS.search(said):
        return f"{place}: give a recording of {SHORTEST_S:g} to {LONGEST_S:g} s"
    if "_lang" in said or "language" in said:
        return f"{wire.place('language')}: see TTS_MODEL_VERSION, language and speaks"
    if "`text`" in said:
        return f"{place}: write it below"
    return SEE_THE_LOG


def _word(wire: SovitsWire) -> str:
    spoken = wire.voice.speaks if wire.voice is not None else ""
    return word_in(spoken or wire.options.language)
