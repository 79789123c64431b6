"""A stand-in for the SeamlessM4T-v2 demo, to be run as a script under Gradio 4.5 and Gradio 6.

Real are the Gradio server, its queue, the uploads and the five endpoints of the demo
(facebookresearch/seamless_communication, demo/m4tv2/app.py): `/s2tt`, `/s2st`, `/asr`,
`/t2tt`, `/t2st`. Two more, `/transcribe` and `/translate`, are those of a Whisper server. Only
the model behind them is a script: the file `script.json` in the folder named by `M4T_FOLDER`,
read anew at every call:

    text      what to answer (default "hello there"); any JSON value
    delay_s   time to think, seconds
    hold      when true, think until the file says otherwise
    error     raise an exception with this text
    failures  how many calls fail with `error`, counted from the file's last change; null: all

What was asked is appended to `calls.jsonl` in the same folder, one JSON object a line:
`{"event": "began" | "ended" | "cancelled" | "failed", "id": n, "app": "open", "api": "/asr",
"args": […], "rate_hz": 16000, "channels": 1, "samples": n, "peak": 0.5, "file": "audio.wav"}`;
the audio fields are in `began` lines only.

Three servers run in the one process, at free ports of loopback: `open` as the demo starts it,
`locked` behind the login user/secret, `tight` with a queue of one. When they are ready one line
is printed: `{"gradio": "6.31.0", "open": url, "locked": url, "tight": url}`. The process ends
when its standard input does, so that it cannot outlive the tests.

The script must run under both Gradio generations and without this project: it imports nothing
from it.
"""

import asyncio
import contextlib
import itertools
import json
import os
import socket
import sys
import threading
import wave
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

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
FOLDER = Path(os.environ["M4T_FOLDER"])
RATE_HZ = 16000

_ids = itertools.count(1)
_lock = threading.Lock()
_failed_since: dict[int, int] = {}


def _record(**fact: Any) -> None:
    with _lock, (FOLDER / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(fact) + "\n")


def _script() -> dict[str, Any]:
    file = FOLDER / "script.json"
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


class Model:
    """The scripted model of one of the servers."""

    def __init__(self, app: str) -> None:
        self._app = app

    async def answer(self, api: str, args: tuple[str, ...], audio: str | None = None) -> Any:
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

    async def transcribe(self, audio: str, language: str) -> Any:
        return await self.answer("/transcribe", (language,), audio)

    async def translate(self, audio: str, language: str) -> Any:
        return await self.answer("/translate", (language,), audio)


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
        endpoint("translate", model.translate, [audio, code], written)
    return demo


def launch(name: str, *, max_size: int = 50, auth: tuple[str, str] | None = None) -> str:
    """Start one server and give its URL."""
    for attempt in itertools.count():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        demo = blocks(Model(name)).queue(max_size=max_size)
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
            if attempt == 4:
                raise
            continue
        return f"http://127.0.0.1:{port}"
    raise AssertionError


if __name__ == "__main__":
    # Gradio 4.5 announces its address on standard output, quiet or not.
    with contextlib.redirect_stdout(sys.stderr):
        ready = {
            "gradio": gr.__version__,
            "open": launch("open"),
            "locked": launch("locked", auth=("user", "secret")),
            "tight": launch("tight", max_size=1),
        }
    print(json.dumps(ready), flush=True)
    sys.stdin.read()
    os._exit(0)
