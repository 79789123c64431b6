"""The one port."""

import asyncio
import hashlib
import json
import time
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import numpy as np
from aiohttp import ClientError, ClientSession, ClientTimeout, web

from rejoinder.stand_ins.answering import answering, refusal, send
from rejoinder.stand_ins.aws_server import bedrock, containers, polly
from rejoinder.stand_ins.aws_server.behaviour import AwsBehaviour, AwsRequest, Route, fault
from rejoinder.stand_ins.aws_server.event_stream import MEDIA_TYPE, event_frame, exception_frame
from rejoinder.stand_ins.aws_server.sagemaker import TARGET, SageMaker
from rejoinder.stand_ins.aws_server.transcribe import TranscribeStreams
from rejoinder.stand_ins.kept import Kept
from rejoinder.stand_ins.serving import Tell, listening, nobody
from rejoinder.stand_ins.sound_files import wav
from rejoinder.stand_ins.tone_voice import ToneVoice

POLLY_RATE_HZ = 16000
_PIECE_S = 0.05
_SAGEMAKER_CODES = {
    400: "ValidationError",
    403: "AccessDeniedException",
    429: "ThrottlingException",
    424: "ModelError",
    500: "InternalFailure",
    503: "ServiceUnavailable",
}
_POLLY_CODES = {
    400: "ValidationException",
    403: "AccessDeniedException",
    429: "ThrottlingException",
    500: "ServiceFailureException",
    503: "ServiceUnavailable",
}
_STORE_CODES = {403: "AccessDenied", 404: "NoSuchKey", 500: "InternalError", 503: "SlowDown"}


@dataclass
class AwsStandIn(ToneVoice):
    """Answers, delays and a record of all requests. Set the fields before or between calls."""

    reply: Callable[[dict[str, Any]], list[bedrock.Event]] = lambda body: bedrock.text_events(
        "Hello."
    )
    transcribe: Callable[[AwsRequest], str] = lambda request: "hello there"
    endpoints: dict[str, str] = field(default_factory=lambda: {"whisper": "", "sovits": ""})
    """SageMaker's endpoints; a text says why one is not in service."""
    sagemaker: SageMaker = field(default_factory=SageMaker)
    """Further endpoints are made here."""
    containers: dict[str, str] = field(default_factory=dict)
    """Address of a container by endpoint: it is asked, and nothing scripted."""
    llm: AwsBehaviour = field(default_factory=AwsBehaviour)
    stt: AwsBehaviour = field(default_factory=AwsBehaviour)
    """Whisper behind SageMaker."""
    streams: TranscribeStreams = field(default_factory=TranscribeStreams)
    tts: AwsBehaviour = field(default_factory=AwsBehaviour)
    """GPT-SoVITS behind SageMaker."""
    polly: AwsBehaviour = field(default_factory=AwsBehaviour)
    store: AwsBehaviour = field(default_factory=AwsBehaviour)
    objects: dict[str, bytes] = field(default_factory=dict)
    """S3, by `bucket/key`."""
    names_files: bool = True
    """Whether GPT-SoVITS's container knows `output_s3uri`."""
    part: Callable[[int, list[str]], Any] = lambda number, uris: {"result": uris[number]}
    """What GPT-SoVITS says of the part with this number, given the addresses of all."""
    order: Callable[[list[Any]], list[Any]] = lambda parts: parts
    """In which order it says so."""
    requests: Kept[AwsRequest] = field(default_factory=Kept)
    roles: list[str] = field(default_factory=Kept)
    """Roles that were asked for."""
    role_s: float = 0.0
    """Delay before a role is given."""
    role_lasts_s: float = 3600.0
    """How long its credentials are good; those of the last quarter of an hour are renewed."""
    usual_voice: str = ""
    """Every other voice has words of its own, `Amy:hello`."""
    tell: Tell = nobody
    """Takes a line on each request."""
    url: str = ""

    def of(self, route: Route) -> list[AwsRequest]:
        """The requests to one service, oldest first."""
        return [request for request in self.requests if request.route == route]

    @asynccontextmanager
    async def serve(self, *, port: int = 0) -> AsyncIterator["AwsStandIn"]:
        """Listen on loopback until the block ends; `url` is set inside it."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/model/{model}/converse-stream", self._converse)
        app.router.add_post("/endpoints/{name}/invocations", self._invoke)
        app.router.add_post("/endpoints/{name}/invocations-response-stream", self._stream)
        app.router.add_post("/v1/speech", self._speak)
        app.router.add_get("/v1/voices", self._voices)
        app.router.add_get("/stream-transcription-websocket", self.streams.connection)
        app.router.add_post("/", self._by_target)
        app.router.add_get("/{bucket}/{key:.+}", self._object)
        app.router.add_put("/{bucket}/{key:.+}", self._put_object)
        async with listening(app, port=port, tell=self.tell) as at:
            self.url = f"http://{at.address}"
            yield self

    def _record(
        self, request: web.Request, route: Route, model: str, body: dict[str, Any]
    ) -> AwsRequest:
        assert request.transport is not None
        record = AwsRequest(
            route,
            model,
            body,
            request.headers.get("Authorization", ""),
            time.perf_counter(),
            dict(request.headers),
            peer=request.transport.get_extra_info("peername"),
        )
        self.requests.append(record)
        return record

    async def _converse(self, request: web.Request) -> web.StreamResponse:
        model = unquote(request.match_info["model"])
        record = self._record(request, "llm", model, await request.json())
        async with answering(record, self.llm):
            if refused := _refusal(record, self.llm, bedrock.CODES):
                return refused
            writes = self.llm.frames([*self.reply(record.body)])
            return await send(request, record, self.llm, MEDIA_TYPE, writes, chunked=True)

    async def _invoke(self, request: web.Request) -> web.StreamResponse:
        """Whisper's container, or that of somebody whose answer is as Whisper's."""
        name, data = request.match_info["name"], await request.read()
        record = self._record(request, "stt", name, {})
        async with answering(record, self.stt):
            if refused := self._not_served(record) or _refusal(record, self.stt, _SAGEMAKER_CODES):
                return refused
            try:
                asked = containers.whisper(request.headers.get("Content-Type", ""), data)
            except containers.ContainerError as error:
                record.outcome = "refused"
                return _model_error(error.status, str(error))
            heard = containers.HEARD_S * asked.rate_hz
            record.body, record.audio_rate_hz = asked.body, asked.rate_hz
            record.audio = asked.audio[:heard]
            record.first_byte = time.perf_counter()
            return web.json_response({"text": [f" {self.transcribe(record)}"]})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """GPT-SoVITS: samples, or the addresses of files with them."""
        name = request.match_info["name"]
        record = self._record(request, "tts", name, await request.json())
        async with answering(record, self.tts):
            if refused := self._not_served(record) or _refusal(record, self.tts, _SAGEMAKER_CODES):
                return refused
            if name in self.containers:
                return await self._passed_on(request, record, self.containers[name])
            body = record.body
            if self.names_files and body.get("output_s3uri"):
                pieces = await self._parts_in_store(body)
            else:
                rate_hz = containers.SOVITS_RATE_HZ
                pcm = await self._spoken(body["text"], body.get("refer_wav_path", ""), rate_hz)
                step = int(_PIECE_S * rate_hz) * 2
                pieces = [pcm[i : i + step] for i in range(0, len(pcm), step)]
            writes = self.tts.frames([*self.tts.parts(pieces)])
            return await send(request, record, self.tts, MEDIA_TYPE, writes, chunked=True)

    async def _passed_on(
        self, request: web.Request, record: AwsRequest, url: str
    ) -> web.StreamResponse:
        """What a real container writes, a PayloadPart for each chunk of it."""
        headers = {"Content-Type": request.headers.get("Content-Type", "")}
        if accept := request.headers.get("X-Amzn-SageMaker-Accept"):
            headers["Accept"] = accept
        address, data = f"{url}/invocations", json.dumps(record.body).encode()
        async with (
            ClientSession(timeout=ClientTimeout(total=60)) as session,
            session.post(address, data=data, headers=headers) as answer,
        ):
            if answer.status != 200:
                record.outcome = "refused"
                return _model_error(answer.status, await answer.text())
            kind = {"X-Amzn-SageMaker-Content-Type": answer.headers["Content-Type"]}
            response = web.StreamResponse(headers={"Content-Type": MEDIA_TYPE, **kind})
            await response.prepare(request)
            record.first_byte = time.perf_counter()
            try:
                async for part in answer.content.iter_any():
                    await response.write(event_frame(("PayloadPart", part)))
                    record.chunks += 1
            except ClientError:
                record.outcome = "cut"
                said = "Your invocation request failed because the stream is broken."
                await response.write(exception_frame("ModelStreamError", said))
            await response.write_eof()
            return response

    async def _parts_in_store(self, body: dict[str, Any]) -> list[bytes]:
        prefix: str = body["output_s3uri"]
        texts = containers.cut(body["text"], body.get("cut_punc", ""))
        uris = [f"{prefix}gpt_sovits_{number}.wav" for number in range(len(texts))]
        rate_hz = containers.SOVITS_RATE_HZ
        for uri, text in zip(uris, texts, strict=True):
            pcm = await self._spoken(text, body.get("refer_wav_path", ""), rate_hz)
            self._store(uri.removeprefix("s3://"), wav(pcm, rate_hz=rate_hz))
        told = self.order([self.part(number, uris) for number in range(len(uris))])
        return [json.dumps(part).encode() for part in told]

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        record = self._record(request, "polly", body["VoiceId"], body)
        async with answering(record, self.polly):
            if refused := _refusal(record, self.polly, _POLLY_CODES):
                return refused
            if because := polly.refused(body):
                record.outcome = "refused"
                return fault(*because)
            pcm = await self._spoken(
                polly.billed(body), body["VoiceId"], POLLY_RATE_HZ, pace=polly.pace(body)
            )
            step = int(_PIECE_S * POLLY_RATE_HZ) * 2
            pieces = [pcm[i : i + step] for i in range(0, len(pcm), step)]
            return await send(request, record, self.polly, "audio/pcm", pieces, chunked=True)

    async def _voices(self, request: web.Request) -> web.Response:
        query = request.query
        found = polly.listed(query.get("LanguageCode", ""), query.get("Engine", ""))
        return web.json_response({"Voices": found})

    async def _object(self, request: web.Request) -> web.StreamResponse:
        name = f"{request.match_info['bucket']}/{request.match_info['key']}"
        record = self._record(request, "store", name, {})
        async with answering(record, self.store):
            missing = 0 if name in self.objects else 404
            if refused := refusal(record, self.store, _store_fault, status=missing):
                return refused
            data = self.objects[name]
            step = 4096
            pieces = [data[i : i + step] for i in range(0, len(data), step)]
            etag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
            if request.headers.get("If-None-Match") == etag:
                return web.Response(status=304, headers={"ETag": etag})
            return await send(
                request,
                record,
                self.store,
                "audio/wav",
                pieces,
                chunked=True,
                headers={"ETag": etag},
            )

    async def _put_object(self, request: web.Request) -> web.StreamResponse:
        name = f"{request.match_info['bucket']}/{request.match_info['key']}"
        record = self._record(request, "stored", name, {})
        async with answering(record, self.store):
            if refused := refusal(record, self.store, _store_fault):
                return refused
            self._store(name, await request.read())
            return web.Response(headers={"ETag": '"stored"'})

    def _store(self, name: str, data: bytes) -> None:
        self.objects[name] = data
        most = self.requests.most
        while most is not None and len(self.objects) > most:
            del self.objects[next(iter(self.objects))]

    async def _by_target(self, request: web.Request) -> web.Response:
        """Services that have one address tell their operations apart by this header."""
        target = request.headers.get("X-Amz-Target", "")
        if not target.startswith(TARGET):
            return await self._assume_role(request)
        answer = self.sagemaker.answer(target, json.loads(await request.read()))
        for name in self.sagemaker.made["Endpoint"]:
            state = self.sagemaker.state(name)
            self.endpoints[name] = "" if state == "InService" else f"is {state}"
        return answer

    async def _assume_role(self, request: web.Request) -> web.Response:
        form = await request.post()
        role = str(form.get("RoleArn", ""))
        self.roles.append(role)
        await asyncio.sleep(self.role_s)
        root = ET.Element("AssumeRoleResponse", xmlns="https://sts.amazonaws.com/doc/2011-06-15/")
        result = ET.SubElement(root, "AssumeRoleResult")
        credentials = ET.SubElement(result, "Credentials")
        for name, value in {
            "AccessKeyId": "ASIAROLEEXAMPLE",
            "SecretAccessKey": "nothing",
            "SessionToken": "token",
            "Expiration": time.strftime(
                "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.role_lasts_s)
            ),
        }.items():
            ET.SubElement(credentials, name).text = value
        user = ET.SubElement(result, "AssumedRoleUser")
        ET.SubElement(user, "Arn").text = role
        ET.SubElement(user, "AssumedRoleId").text = "AROA:rejoinder"
        return web.Response(body=ET.tostring(root), content_type="text/xml")

    def _not_served(self, record: AwsRequest) -> web.Response | None:
        state = self.endpoints.get(record.model, "not found")
        if not state:
            return None
        record.outcome = "refused"
        said = f"Endpoint {record.model} of account 123456789012 {state}."
        return fault(400, "ValidationError", said)

    async def _spoken(self, text: str, voice: str, rate_hz: int, *, pace: float = 1.0) -> bytes:
        """A tone for each word; said more slowly, each is said longer."""
        named = "" if voice == self.usual_voice else voice
        if self.speech is not None:
            return await self.spoken(text, voice=named, rate_hz=rate_hz, speed=pace)
        spoken = await self.spoken(text, voice=named, rate_hz=rate_hz)
        if pace == 1.0:
            return spoken
        pcm = np.frombuffer(spoken, "<i2")
        at = np.arange(int(len(pcm) / pace)) * pace
        stretched: bytes = pcm[at.astype(int)].tobytes()
        return stretched


def _refusal(record: AwsRequest, how: AwsBehaviour, codes: dict[int, str]) -> web.Response | None:
    def say(status: int, text: str) -> web.Response:
        said = how.message or text
        if status == 424 and not how.code and record.route in ("stt", "tts"):
            return _model_error(how.original_status, said)
        return fault(status, how.code or codes.get(status, "InternalFailure"), said)

    return refusal(record, how, say)


def _model_error(original: int, said: str) -> web.Response:
    return fault(
        424,
        "ModelError",
        f'Received server error ({original}) from primary with message "{said}".',
        OriginalStatusCode=original,
        OriginalMessage=said,
        LogStreamArn="arn:aws:logs:eu-west-1:123456789012:log-group:/aws/sagemaker/Endpoints/x",
    )


def _store_fault(status: int, text: str) -> web.Response:
    root = ET.Element("Error")
    ET.SubElement(root, "Code").text = _STORE_CODES.get(status, "InternalError")
    ET.SubElement(root, "Message").text = text
    return web.Response(body=ET.tostring(root), status=status, content_type="application/xml")
