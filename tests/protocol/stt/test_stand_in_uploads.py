"""The stand-in reads an upload however the network cuts it up."""

import asyncio
import io
import wave
from itertools import pairwise
from urllib.parse import urlsplit

import numpy as np
import pytest

from rejoinder.stand_ins.openai_server import OpenAIStandIn

_HEAD = (
    b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\n"
)


def _wav(seconds: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(16000)
        wav.writeframes(np.arange(16000 * seconds, dtype="<i2").tobytes())
    return file.getvalue()


@pytest.mark.parametrize("crumb", [1, 3, 9])
async def test_a_few_bytes_alone_do_not_spoil_an_upload(crumb: int) -> None:
    body = _HEAD + _wav(2) + b"\r\n--cut--\r\n"
    server = OpenAIStandIn()
    async with server.serve():
        address = urlsplit(server.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(
            b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: stand-in\r\nConnection: close\r\n"
            b"Content-Type: multipart/form-data; boundary=cut\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        for begin, end in pairwise([0, 1000, 1000 + crumb, len(body)]):
            writer.write(body[begin:end])
            await asyncio.sleep(0.05)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200"), answer
    (request,) = server.of("stt")
    assert request.audio is not None
    assert len(request.audio) == 32000
