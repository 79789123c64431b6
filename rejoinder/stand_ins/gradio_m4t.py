"""A stand-in for the SeamlessM4T-v2 demo, to be run as a script under Gradio 4.5 and Gradio 6.

Real are the Gradio server, its queue, the uploads and the five endpoints of the demo
(facebookresearch/seamless_communication, demo/m4tv2/app.py): `/s2tt`, `/s2st`, `/asr`,
`/t2tt`, `/t2st`. Two more, `/transcribe` and `/translate`, are those of a Whisper server,
`/mtl_inference` is MooER's (MooreThreads/MooER, demo/app.py; `text` is its list of two), and two
those of voices: `/basic_tts` of F5-TTS and `/inference` of MaskGCT, which say words as tones. Only
the model behind them is a script: the file `script.json` in the folder that its command line names,
read anew at every call:

    text      what to answer (default "hello there"); any JSON value
    words     in place of it: a recogniser hears one of these for each third of a second of sound
    delay_s   time to think, seconds
    hold      when true, think until the file says otherwise
    error     raise an exception with this text
    failures  how many calls fail with `error`, counted from the file's last change; null: all

What was asked is appended to `calls.jsonl` in the same folder, one JSON object a line:
`{"event": "began" | "ended" | "cancelled" | "failed", "id": n, "app": "open", "api": "/asr",
"args": […], "rate_hz": 16000, "channels": 1, "samples": n, "peak": 0.5, "file": "audio.wav"}`;
the audio fields are in `began` lines only.

    gradio_m4t.py FOLDER [--port N] [--speak COMMAND] [--poll-s S]

Three servers run in the one process, at free ports of loopback: `open` as the demo starts it,
`locked` behind the login user/secret, `tight` with a queue of one; with a port `open` alone. When
they are ready one line is printed: `{"gradio": "6.31.0", "open": url, "locked": url, "tight":
url}`. The process ends when its standard input does, so that it cannot outlive who started it.
`--speak` is a JSON list: the beginning of a command line that is given voice, rate and speed, reads
a text and writes its speech as s16le mono samples, in place of the tones. `--poll-s` is how often
an idle queue looks for work: Gradio 6 does so every millisecond, a tenth of a core for the three.

The script must run under both Gradio generations and without this project: it imports nothing
from it.
"""

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import threading
import wave
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np

# Read when it is imported; otherwise it tells its maker and others of each start.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # noqa: TID251 - nobody may have to set it
import gradio as gr  # noqa: E402

LANGUAGES = """Afrikaans, Amharic, Armenian, Assamese, Basque, Belarusian, Bengali, Bosnian,
Bulgarian, Burmese, Cantonese, Catalan, Cebuano, Central Kurdish, Croatian, Czech, Danish, Dutch,
Egyptian Arabic, English, Estonian, Finnish, French, Galician, Ganda, Georgian, German, Greek,
Gujarati, Halh Mongolian, Hebrew, Hindi, Hungarian, Icelandic, Igbo, Indonesian, Irish, Italian,
Japanese, Javanese, Kannada, Kazakh, Khmer, Korean, Kyrgyz, Lao, Lithuanian, Luo, Macedonian,
Maithili, Malayalam, Maltese, Mandarin Chinese, Marathi, Meitei, Modern Standard Arabic, Moroccan
Arabic, Nepali, North Azerbaijani, Northern Uzbek, Norwegian Bokmål, Norwegian Nynorsk, Nyanja,
Odia, Polish, Portuguese, Punjabi, Romanian, Russian, Serbian, Shona, Sindhi, Slovak, Slovenian,
Somali, Southern Pashto, Spanish, Standard Latvian, Standard Malay, Swahili, Swedish, Tagalog,
Tajik, Tamil, Telugu, Thai, Turkish, Ukrainian, Urdu, Vietnamese, Welsh, West Central Oromo,
Western Persian, Yoruba, Zulu"""
"""The demo's names, of which it has 95 for text output and for speech input."""

NAMES = [" ".join(name.split()) for name in LANGUAGES.split(",")]
RATE_HZ = 16000
VOICE_HZ = 24000

_ids = itertools.count(1)
_lock = threading.Lock()
_folder = Path()
_speak: list[str] = []
_poll_s = 0.0
_failed_since: dict[int, int] = {}
_takes = itertools.count()
_vocabulary: list[str] = []
"""Words of the voices in order of first use; their place is their tone."""


def _record(**fact: Any) -> None:
    with _lock, (_folder / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(fact) + "\n")


def _script() -> dict[str, Any]:
    file = _folder / "script.json"
    if not file.exists():
        return {}
    stamp = file.stat().st_mtime_ns
    script: dict[str, Any] = json.loads(file.read_text())
    if script.get("error") is not None and script.get("failures") is not None:
        with _lock:
            failed = _failed_since.get(stamp, 0)
            _failed_since[stamp] = failed + 1
        if failed >= script["failures"]:
            script.pop("error")
    return script


def _sound(path: str) -> dict[str, Any]:
    with wave.open(path) as wav:
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
        return {
            "rate_hz": wav.getframerate(),
            "channels": wav.getnchannels(),
            "samples": wav.getnframes(),
            "peak": float(np.abs(pcm / 32768.0).max()) if len(pcm) else 0.0,
            "file": Path(path).name,
        }


def _heard(path: str, words: list[str]) -> str:
    """A word for each third of a second of sound, as `sound_words.py` has them."""
    with wave.open(path) as wav:
        window = wav.getframerate() // 50
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), "<i2") / 32768.0
    count = len(pcm) // window
    power = np.mean(np.square(pcm[: count * window].reshape(count, window)), axis=1)
    whole, begun = divmod(int((power > 0.01**2).sum()), 17)
    number = whole + (begun >= 6)
    said = " ".join(words[n % len(words)] for n in range(number)) if words else ""
    return f"{said}." if said else ""


class Model:
    """The scripted model of one of the servers."""

    def __init__(self, app: str) -> None:
        self._app = app

    async def answer(self, api: str, args: tuple[Any, ...], audio: str | None = None) -> Any:
        call = {"id": next(_ids), "app": self._app, "api": api}
        _record(event="began", args=args, **call, **(_sound(audio) if audio else {}))
        script = _script()
        try:
            await asyncio.sleep(script.get("delay_s", 0.0))
            while script.get("hold"):
                await asyncio.sleep(0.02)
                script = _script()
            if script.get("error") is not None:
                raise RuntimeError(script["error"])
        except asyncio.CancelledError:
            _record(event="cancelled", **call)
            raise
        except RuntimeError:
            _record(event="failed", **call)
            raise
        _record(event="ended", **call)
        if audio and "words" in script:
            return _heard(audio, script["words"].split())
        return script.get("text", "hello there")

    async def s2tt(self, audio: str, source: str, target: str) -> Any:
        return await self.answer("/s2tt", (_known(source), _known(target)), audio)

    async def asr(self, audio: str, target: str) -> Any:
        return await self.answer("/asr", (_known(target),), audio)

    async def t2tt(self, text: str, source: str, target: str) -> Any:
        return await self.answer("/t2tt", (text, _known(source), _known(target)))

    async def s2st(self, audio: str, source: str, target: str) -> Any:
        text = await self.answer("/s2st", (_known(source), _known(target)), audio)
        return (RATE_HZ, np.zeros(RATE_HZ // 10, np.int16)), text

    async def t2st(self, text: str, source: str, target: str) -> Any:
        said = await self.answer("/t2st", (text, _known(source), _known(target)))
        return (RATE_HZ, np.zeros(RATE_HZ // 10, np.int16)), said

    async def basic_tts(
        self,
        ref_audio_input: str,
        ref_text_input: str,
        gen_text_input: str,
        remove_silence: bool,
        randomize_seed: bool,
        seed_input: float,
        cross_fade_duration_slider: float,
        nfe_slider: float,
        speed_slider: float,
    ) -> Any:
        given = (
            ref_text_input,
            gen_text_input,
            randomize_seed,
            seed_input,
            nfe_slider,
            speed_slider,
        )
        await self.answer("/basic_tts", given, ref_audio_input)
        voice = await asyncio.to_thread(_voice, gen_text_input, ref_audio_input, speed_slider)
        return voice, None, ref_text_input, seed_input

    async def inference(
        self, prompt_wav: str, target_text: str, target_len: float, n_timesteps: float
    ) -> Any:
        await self.answer("/inference", (target_text, target_len, n_timesteps), prompt_wav)
        return await asyncio.to_thread(_voice, target_text, prompt_wav, 1.0)

    async def mtl_inference(self, mic_input: str | None, file_input: str | None) -> Any:
        text = await self.answer("/mtl_inference", (file_input,), mic_input or file_input)
        if "words" in _script():
            return text, text
        return tuple(text) if isinstance(text, list) else (text, "")

    async def transcribe(self, audio: str, language: str) -> Any:
        return await self.answer("/transcribe", (language,), audio)

    async def translate(self, audio: str, language: str) -> Any:
        return await self.answer("/translate", (language,), audio)


def _voice(text: str, recording: str, speed: float) -> Any:
    """What an Audio component shows: samples and their rate, or a file of the model's."""
    if _script().get("malformed"):
        broken = _folder / "broken.wav"
        broken.write_bytes(b"no sound at all")
        return str(broken)
    return VOICE_HZ, _said(text, recording, speed)


def _said(text: str, recording: str, speed: float) -> np.ndarray:
    """Tones as those of `tones.py`, which this script must do without.

    Louder or softer by the voice.
    """
    voice = hashlib.sha256(Path(recording).read_bytes()).digest()
    if _speak:
        command = [*_speak, voice.hex()[:6], str(VOICE_HZ), str(speed)]
        spoken = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True)
        return np.frombuffer(spoken.stdout, "<i2")
    loudness = 0.2 + voice[0] / 600
    rate_hz = int(VOICE_HZ / speed)
    at = np.arange(int(0.24 * rate_hz)) / rate_hz
    fade = np.minimum(1.0, np.minimum(at, 0.24 - at) / 0.01)
    parts = [np.zeros(1)]
    for word in re.findall(r"[\w']+", text.lower()):
        with _lock:
            if word not in _vocabulary:
                _vocabulary.append(word)
            hz = 400.0 + 60.0 * (_vocabulary.index(word) % 40)
        tone = loudness * fade * np.sin(2 * np.pi * hz * at)
        parts += [tone, np.zeros(int(0.3 * rate_hz) - len(at))]
    # Gradio names a file by its content: the same one would be written while another call reads it.
    parts.append(np.zeros(next(_takes)))
    return (np.concatenate(parts) * 32767).astype(np.int16)


def _known(name: str) -> str:
    return {known: known for known in NAMES}[name]


def blocks(model: Model) -> Any:
    """The demo's endpoints around a model."""
    with gr.Blocks() as demo:
        audio = gr.Audio(label="Input speech", type="filepath")
        text = gr.Textbox(label="Input text")
        code = gr.Textbox(label="Language code, empty: detect")
        source = gr.Dropdown(label="Source language", choices=NAMES, value="English")
        target = gr.Dropdown(label="Target language", choices=NAMES, value="French")
        spoken = gr.Audio(label="Translated speech")
        written = gr.Textbox(label="Text")

        def endpoint(
            name: str, fn: Callable[..., Coroutine[Any, Any, Any]], inputs: Any, outputs: Any
        ) -> None:
            gr.Button(name).click(fn, inputs=inputs, outputs=outputs, api_name=name)

        endpoint("s2st", model.s2st, [audio, source, target], [spoken, written])
        endpoint("s2tt", model.s2tt, [audio, source, target], written)
        endpoint("t2st", model.t2st, [text, source, target], [spoken, written])
        endpoint("t2tt", model.t2tt, [text, source, target], written)
        endpoint("asr", model.asr, [audio, target], written)
        endpoint("transcribe", model.transcribe, [audio, code], written)
        file = gr.Audio(label="Upload a file", type="filepath")
        both = [written, gr.Textbox(label="Speech Translation")]
        endpoint("mtl_inference", model.mtl_inference, [audio, file], both)
        endpoint("translate", model.translate, [audio, code], written)

        switch, number = gr.Checkbox(label="Switch"), gr.Number(label="Number", value=1)
        picture = gr.Image(label="Spectrogram")
        numbers = [gr.Number(label=f"Number {n}", value=1) for n in range(4)]
        spoken_text = gr.Textbox(label="Reference Text")
        endpoint(
            "basic_tts",
            model.basic_tts,
            [audio, spoken_text, text, switch, gr.Checkbox(label="Randomize Seed"), *numbers],
            [spoken, picture, spoken_text, number],
        )
        endpoint("inference", model.inference, [audio, text, *numbers[:2]], spoken)
    return demo


def launch(
    name: str, *, fixed: int = 0, max_size: int = 50, auth: tuple[str, str] | None = None
) -> str:
    """Start one server, at a free port if none is fixed, and give its URL."""
    for attempt in itertools.count():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = fixed or probe.getsockname()[1]
        demo = blocks(Model(name)).queue(max_size=max_size)
        demo._queue.sleep_when_free = max(_poll_s, demo._queue.sleep_when_free)  # noqa: SLF001
        try:
            demo.launch(
                server_name="127.0.0.1",
                server_port=port,
                auth=auth,
                prevent_thread_lock=True,
                show_error=True,
                quiet=True,
            )
        except OSError:
            # Someone took the port between the look and the launch.
            if attempt == 4 or fixed:
                raise
            continue
        return f"http://127.0.0.1:{port}"
    raise AssertionError


def main() -> None:
    """Serve until the standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--speak", type=json.loads, default=[])
    parser.add_argument("--poll-s", type=float, default=0.0)
    args = parser.parse_args()
    global _folder, _poll_s
    _folder, _poll_s = args.folder, args.poll_s
    _speak.extend(args.speak)
    ready = {"gradio": gr.__version__}
    # Gradio 4.5 announces its address on standard output, quiet or not.
    with contextlib.redirect_stdout(sys.stderr):
        ready["open"] = launch("open", fixed=args.port)
        if not args.port:
            ready["locked"] = launch("locked", auth=("user", "secret"))
            ready["tight"] = launch("tight", max_size=1)
    sys.stdout.write(f"{json.dumps(ready)}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
