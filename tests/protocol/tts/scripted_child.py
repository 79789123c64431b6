"""A child process that misbehaves as told; speaks `agent.tts.espeak.frames`."""

import json
import sys
import time

from agent.tts.espeak.frames import HEADER, Kind, pack, unpack_header


def send(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def main(fault: str) -> None:
    if fault == "mute":
        time.sleep(3600)
    if fault == "exit":
        sys.exit(3)
    if fault == "garbage":
        send(b"<html>this is no frame</html>" * 10)
        time.sleep(3600)
    hello = {
        "version": "0",
        "rate_hz": 22050,
        "voices": [["gmw/en-US", "English (America)", [[2, "en-us"]]]],
        "variants": [],
    }
    if fault == "strange hello":
        hello = {"version": "0"}
    send(pack(Kind.HELLO, 0, json.dumps(hello).encode()))
    if fault == "deaf":
        time.sleep(3600)
    while len(header := sys.stdin.buffer.read(HEADER.size)) == HEADER.size:
        kind, number, length = unpack_header(header)
        sys.stdin.buffer.read(length)
        if kind is not Kind.SPEAK:
            continue
        if fault == "garbage later":
            send(b"\xff" * 100)
        elif fault == "failure":
            send(pack(Kind.FAILURE, number, b"no such voice file"))
        elif fault == "nothing":
            send(pack(Kind.END, number, b'{"samples": 0, "cancelled": false}'))


if __name__ == "__main__":
    main(sys.argv[1])
