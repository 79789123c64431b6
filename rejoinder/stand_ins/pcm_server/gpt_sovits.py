"""GPT-SoVITS: `api_v2.py`, or `api.py` (RVC-Boss/GPT-SoVITS).

The recordings that are on the server's machine are `recordings`, path to seconds. As in the real
one, the recording of the newest request is what all requests speak with; a streamed answer is cut
off where one that is not streamed says 400; a model that fails sends a second of silence at
16000 Hz first.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from rejoinder.stand_ins.pcm_server.base import HttpVoiceStandIn, InferenceError, Request, json_of
from rejoinder.stand_ins.sound_files import ogg, wav, wav_header

_V1 = ("auto", "en", "zh", "ja", "all_zh", "all_ja")
_V2 = (*_V1, "auto_yue", "yue", "ko", "all_yue", "all_ko")
_CUTS = {
    "cut0": "",
    "cut1": ".。!?",
    "cut2": ".。",
    "cut3": "。",
    "cut4": ".",
    "cut5": ",.;?!、，。？！；：",
}
_FAILED_HZ = 16000
_PAUSE_S = 0.3
_SHORTEST_S, _LONGEST_S = 3.0, 10.0


@dataclass(kw_only=True)
class GptSovitsStandIn(HttpVoiceStandIn):
    """Set the fields before or between requests."""

    program: Literal["api_v2", "api"] = "api_v2"
    version: str = "v2"
    rate_hz: int = 32000
    recordings: dict[str, float] = field(default_factory=lambda: {"anna.wav": 5.0, "bert.wav": 7.0})
    own: str = ""
    """api.py's own recording (-dr), used where a request lacks one of its three fields."""
    streams: bool = False
    """api.py -sm normal: Ogg Vorbis, one file after the other; else one WAV."""
    inference_fails: bool = False
    weights: list[tuple[str, str]] = field(default_factory=list)
    """What was loaded: which route, which path."""
    unloadable: set[str] = field(default_factory=set)
    """Paths of weights that are damaged."""
    loading_s: float = 0.0
    """How long it takes to load weights."""
    described: bool = True
    """Whether /openapi.json is there."""
    _now: str = ""
    """The recording that the pipeline has."""

    def routes(self) -> Iterable[web.RouteDef]:
        """All of both programs; those of the other one are not found."""
        yield web.get("/openapi.json", self._openapi)
        yield web.get("/control", self._control)
        yield web.route("*", "/tts", self._v2)
        yield web.route("*", "/", self._classic)
        yield web.get("/set_gpt_weights", self._set_weights)
        yield web.get("/set_sovits_weights", self._set_weights)
        yield web.post("/set_model", self._set_model)

    def fault(self, status: int, text: str) -> web.Response:
        """As FastAPI's handlers of either program say it."""
        body: dict[str, Any] = {"message": "tts failed", "Exception": text}
        if self.program == "api":
            body = {"code": status, "message": text}
        return web.json_response(body, status=status)

    async def _openapi(self, request: web.Request) -> web.Response:
        if not self.described:
            raise web.HTTPNotFound
        paths = {
            "api_v2": ("/control", "/tts", "/set_refer_audio", "/set_gpt_weights"),
            "api": ("/set_model", "/control", "/change_refer", "/"),
        }[self.program]
        return web.json_response({"openapi": "3.1.0", "paths": dict.fromkeys(paths, {})})

    async def _control(self, request: web.Request) -> web.Response:
        if self.program == "api_v2":
            return web.json_response({"message": "command is required"}, status=400)
        return web.json_response(None)

    async def _set_weights(self, request: web.Request) -> web.Response:
        path = request.query.get("weights_path", "")
        await asyncio.sleep(self.loading_s)
        if path in self.unloadable or not path.endswith((".ckpt", ".pth")):
            said = {"message": "change gpt weight failed", "Exception": f"No such file: {path}"}
            return web.json_response(said, status=400)
        self.weights.append((request.path, path))
        return web.json_response({"message": "success"})

    async def _set_model(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.weights.append((body["gpt_model_path"], body["sovits_model_path"]))
        return web.json_response({"code": 0, "message": "Success"})

    async def _v2(self, request: web.Request) -> web.StreamResponse:
        if self.program != "api_v2":
            raise web.HTTPNotFound
        body = await json_of(request)
        record = Request(request.path, body)
        if (refused := self._complaint(body)) is not None:
            record.outcome = "refused"
            self.requests.append(record)
            return web.json_response(refused, status=400)
        mode, media = int(body.get("streaming_mode", 0)), body.get("media_type", "wav")
        pieces = self._pieces(body, media, streamed=mode > 0)
        if mode > 0:
            return await self.speak(request, record, f"audio/{media}", pieces)
        try:
            self._take(body["ref_audio_path"])
        except InferenceError as error:
            record.outcome = "refused"
            self.requests.append(record)
            said = {"message": "tts failed", "Exception": str(error)}
            return web.json_response(said, status=400)
        return await self.speak(request, record, f"audio/{media}", pieces, whole=True)

    def _complaint(self, body: dict[str, Any]) -> dict[str, str] | None:
        for name in ("ref_audio_path", "text", "text_lang", "prompt_lang"):
            if not body.get(name):
                return {"message": f"{name} is required"}
        known = _V1 if self.version == "v1" else _V2
        for name in ("text_lang", "prompt_lang"):
            if body[name].lower() not in known:
                why = f"{name}: {body[name]} is not supported in version {self.version}"
                return {"message": why}
        if body.get("media_type", "wav") not in ("wav", "raw", "ogg", "aac"):
            return {"message": f"media_type: {body['media_type']} is not supported"}
        method = body.get("text_split_method", "cut5")
        if method not in _CUTS:
            return {"message": f"text_split_method:{method} is not supported"}
        if body.get("streaming_mode", 0) not in (0, 1, 2, 3):
            why = "the value of streaming_mode must be 0, 1, 2, 3(int) or true/false(bool)"
            return {"message": why}
        return None

    def _take(self, recording: str) -> None:
        """Put a recording into the pipeline."""
        if recording not in self.recordings:
            raise InferenceError(f"[Errno 2] No such file or directory: {recording!r}")
        length_s = self.recordings[recording]
        if self.program == "api_v2" and not _SHORTEST_S <= length_s <= _LONGEST_S:
            raise InferenceError("参考音频在3~10秒范围外，请更换！")
        self._now = recording

    async def _pieces(
        self, body: dict[str, Any], media: str, *, streamed: bool
    ) -> AsyncIterator[bytes]:
        """The answer of api_v2.py, each part made when it is its turn."""
        self._take(body["ref_audio_path"])
        failed = self.inference_fails or not re.search(r"\w", body["text"])
        rate_hz = _FAILED_HZ if failed else self.rate_hz
        parts = self._failed() if failed else self._parts(body, whole=media == "ogg")
        if not streamed:
            sound = b"".join([part async for part in parts])
            file = {"wav": wav, "ogg": ogg}.get(media, _bare)
            yield await asyncio.to_thread(file, sound, rate_hz=rate_hz)
            return
        if media == "wav":
            yield wav_header(rate_hz=rate_hz)
        async for part in parts:
            yield await asyncio.to_thread(ogg, part, rate_hz=rate_hz) if media == "ogg" else part
        if self.inference_fails:
            raise InferenceError

    async def _failed(self) -> AsyncIterator[bytes]:
        yield self.silence(1.0, rate_hz=_FAILED_HZ)

    async def _parts(self, body: dict[str, Any], *, whole: bool) -> AsyncIterator[bytes]:
        """The words of each text and the pause after it; `whole`: together."""
        pause = self.silence(body.get("fragment_interval", _PAUSE_S))
        speed = body.get("speed_factor", 1.0)
        for text in _split(body["text"], _CUTS[body.get("text_split_method", "cut5")]):
            if whole:
                yield await self._said(text, speed) + pause
                continue
            for part in self.said_at_once(text):
                yield await self._said(part, speed)
            yield pause

    async def _said(self, text: str, speed: float) -> bytes:
        voice = self._now.rpartition("/")[2].partition(".")[0]
        return await self.said(text, voice=voice, speed=float(speed))

    async def _classic(self, request: web.Request) -> web.StreamResponse:
        if self.program != "api":
            raise web.HTTPNotFound
        body = await json_of(request)
        record = Request(request.path, body)
        names = ("refer_wav_path", "prompt_text", "prompt_language")
        recording = body["refer_wav_path"] if all(body.get(name) for name in names) else self.own
        if not recording:
            record.outcome = "refused"
            self.requests.append(record)
            said = {"code": 400, "message": "未指定参考音频且接口无预设"}
            return web.json_response(said, status=400)
        pieces = self._classic_pieces(body, recording)
        media = "ogg" if self.streams else "wav"
        return await self.speak(request, record, f"audio/{media}", pieces)

    async def _classic_pieces(self, body: dict[str, Any], recording: str) -> AsyncIterator[bytes]:
        self._take(recording)
        if self.inference_fails:
            raise InferenceError
        said = b""
        for text in _split(body["text"], body.get("cut_punc") or ""):
            part = await self._said(text, body.get("speed", 1.0)) + self.silence(_PAUSE_S)
            if self.streams:
                yield await asyncio.to_thread(ogg, part, rate_hz=self.rate_hz)
            else:
                said += part
        if not self.streams:
            yield wav(said, rate_hz=self.rate_hz)


def _bare(pcm: bytes, *, rate_hz: int) -> bytes:
    return pcm


def _split(text: str, marks: str) -> list[str]:
    """A text cut behind each of some marks."""
    if not marks:
        return [text]
    parts = re.findall(f"[^{re.escape(marks)}]+[{re.escape(marks)}]*", text)
    return [part for part in parts if re.search(r"\w", part)] or [text]
