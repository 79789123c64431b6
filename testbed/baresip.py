"""A real SIP telephone, baresip: says what it is told to, records what it hears, presses keys.

    with telephone(folder, codec="PCMU") as phone:
        phone.dial("sip:+15550100@127.0.0.1:5060")
        phone.wait("CALL_ESTABLISHED")
        phone.say(question)
        phone.heard  # float32 at phone.rate_hz, since the call began
        phone.hang_up()

All of it blocks: it is for tests without an event loop, or for a thread.
"""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.audio import pcm
from rejoinder.demo.ports import PortPicker
from testbed.programs import Program, running

RATES = {"PCMU": 8000, "PCMA": 8000, "G722": 16000}
_SDP = {"PCMU": "PCMU/8000/1", "PCMA": "PCMA/8000/1", "G722": "G722/16000/1"}
_SILENCE_S = 120.0
"""After what is said: a call ends with its microphone's file."""
_ROOM_DBFS = -60.0
_WAV_HEADER = 44
_LOOK_S = 0.05
_ANSWER_S = 5.0

Samples = NDArray[np.float32]


@dataclass
class Handset:
    """A running telephone. Times are `time.perf_counter()` seconds."""

    program: Program
    folder: Path
    rate_hz: int
    uri: str
    """Where it is called."""
    wire: socket.socket
    events: list[dict[str, Any]] = field(default_factory=list)
    _buffer: bytes = b""
    _said: int = 0

    def dial(self, uri: str) -> None:
        """Call; `wait` tells when somebody has answered."""
        self._command("dial", uri)

    def answer(self) -> None:
        """Take the call that comes in."""
        self._command("accept")

    def hang_up(self) -> None:
        """End the call, or stop calling."""
        self._command("hangup")

    def press(self, keys: str) -> None:
        """Press keys, RFC 4733: digits, * and #."""
        for key in keys:
            self._command("sndcode", key)
            time.sleep(0.3)
            self._command("sndcode", "\x04")  # the key is let go
            time.sleep(0.1)

    def say(self, sound: Samples) -> float:
        """Begin to say a sound at `rate_hz`; gives when it will have been said."""
        self._command("ausrc", f"aufile,{self._file(sound)}")
        return time.perf_counter() + len(sound) / self.rate_hz

    def wait(self, kind: str, *, timeout_s: float = 20.0) -> dict[str, Any]:
        """Wait for an event of a type, such as CALL_ESTABLISHED or CALL_CLOSED; take it.

        Raises:
            TimeoutError: it did not come; the message has those that did.
        """
        end = time.perf_counter() + timeout_s
        while time.perf_counter() < end:
            for number, event in enumerate(self.events):
                if event.get("type") == kind:
                    return self.events.pop(number)
            self._read(_LOOK_S)
        came = [event.get("type") for event in self.events]
        raise TimeoutError(f"no {kind}, but {came}:\n{self.program.tail()}")

    @property
    def heard(self) -> Samples:
        """All that was heard in the newest call, up to now."""
        return self._recorded("dec")

    @property
    def said(self) -> Samples:
        """All that was said in it, up to now; it began with `heard`, give or take a packet."""
        return self._recorded("enc")

    @property
    def heard_s(self) -> float:
        """How long the recording is by now, seconds."""
        return len(self.heard) / self.rate_hz

    def between(self, begin_s: float, end_s: float) -> Samples:
        """A part of the recording."""
        return self.heard[round(begin_s * self.rate_hz) : round(end_s * self.rate_hz)]

    def wait_for_sound(self, *, after_s: float = 0.0, timeout_s: float = 60.0) -> float:
        """Wait for 50 ms of sound in the recording after a place in it; gives its place, seconds.

        Raises:
            TimeoutError: all was silent.
        """
        return self._wait(True, 0.05, after_s, timeout_s)

    def wait_for_silence(
        self, *, lasting_s: float = 1.2, after_s: float = 0.0, timeout_s: float = 60.0
    ) -> float:
        """Wait for a silence of a length in the recording; gives where it begins, seconds.

        Raises:
            TimeoutError: there was always some sound.
        """
        return self._wait(False, lasting_s, after_s, timeout_s)

    def _wait(self, loud: bool, lasting_s: float, after_s: float, timeout_s: float) -> float:
        end = time.perf_counter() + timeout_s
        while time.perf_counter() < end:
            found = stretch(self.heard, self.rate_hz, loud, lasting_s, after_s)
            if found is not None:
                return found
            self._read(_LOOK_S)
        raise TimeoutError(f"nothing that was {'loud' if loud else 'silent'} for {lasting_s} s")

    def _recorded(self, way: str) -> Samples:
        files = sorted(self.folder.glob(f"dump-*-{way}.wav"), key=lambda file: file.stat().st_mtime)
        raw = files[-1].read_bytes()[_WAV_HEADER:] if files else b""
        return pcm.from_s16le(raw[: len(raw) // 2 * 2])

    def _file(self, sound: Samples) -> Path:
        self._said += 1
        count = len(sound) + round(_SILENCE_S * self.rate_hz)
        noise = np.random.default_rng(5).standard_normal(count) * 10 ** (_ROOM_DBFS / 20)
        noise[: len(sound)] += sound
        path = self.folder / f"say-{self._said}.wav"
        path.write_bytes(pcm.to_wav(noise.astype(np.float32), rate_hz=self.rate_hz))
        return path

    def _command(self, name: str, params: str = "") -> None:
        text = json.dumps({"command": name, "params": params, "token": name}).encode()
        self.wire.sendall(b"%d:%b," % (len(text), text))

    def _read(self, for_s: float) -> None:
        """Take in what it tells; returns after `for_s` at most."""
        self.wire.settimeout(for_s)
        try:
            more = self.wire.recv(65536)
        except TimeoutError:
            return
        if not more:
            code = self.program.popen.poll()
            raise ConnectionError(f"the telephone is gone (exit {code}):\n{self.program.tail()}")
        self._buffer += more
        while b":" in self._buffer:
            head, _, rest = self._buffer.partition(b":")
            if len(rest) <= int(head):
                return
            told = json.loads(rest[: int(head)])
            self._buffer = rest[int(head) + 1 :]
            if told.get("event"):
                self.events.append(told)


def stretch(
    heard: Samples, rate_hz: int, loud: bool, lasting_s: float, after_s: float
) -> float | None:
    """Where the first sound, or silence, of a length begins after a place, seconds."""
    size, count = rate_hz // 100, 0
    first = round(after_s * 100)
    frames = heard[: len(heard) // size * size].reshape(-1, size)[first:]
    above = np.mean(frames**2, axis=1) > 10 ** (-45 / 10)
    for number, is_loud in enumerate(above.tolist()):
        count = count + 1 if is_loud == loud else 0
        if count >= lasting_s * 100:
            return (first + number + 1 - count) / 100
    return None


@contextmanager
def telephone(
    folder: Path, *, codec: str = "PCMU", number: str = "+15550199", account: str = ""
) -> Iterator[Handset]:
    """Start one that speaks a codec alone; `account` is more of its account's line."""
    folder.mkdir(parents=True, exist_ok=True)
    with PortPicker() as free:
        # The port after its own is taken for TLS.
        sip_port, control, first = free.tcp(), free.tcp(), free.udp()
    rate_hz = RATES[codec]
    quiet = folder / "say-0.wav"
    modules = ("g711", "g722", "aufile", "sndfile")
    config = [
        f"sip_listen 127.0.0.1:{sip_port}",
        "net_interface 127.0.0.1",
        f"rtp_ports {first}-{first + 40}",
        f"audio_source aufile,{quiet}",
        f"audio_player aufile,{folder / 'unused.wav'}",
        *(f"{way}_srate {rate_hz}" for way in ("ausrc", "auplay")),
        *(f"{way}_channels 1" for way in ("ausrc", "auplay")),
        "module_path /usr/lib/baresip/modules",
        *(f"module {module}.so" for module in modules),
        "module_tmp account.so",
        *(f"module_app {module}.so" for module in ("menu", "ctrl_tcp")),
        f"ctrl_tcp_listen 127.0.0.1:{control}",
        f"snd_path {folder}",
        "statmode_default off",
    ]
    (folder / "config").write_text("\n".join(config) + "\n")
    (folder / "accounts").write_text(
        f"<sip:{number}@127.0.0.1:{sip_port}>;regint=0;audio_codecs={_SDP[codec]}{account}\n"
    )
    (folder / "contacts").touch()
    with running("baresip", ["baresip", "-f", str(folder)], folder=folder) as program:
        uri = f"sip:{number}@127.0.0.1:{sip_port}"
        handset = Handset(program, folder, rate_hz, uri, _connected(program, control))
        handset._file(np.zeros(0, np.float32)).rename(quiet)
        with handset.wire:
            yield handset


def _connected(program: Program, port: int) -> socket.socket:
    end = time.perf_counter() + _ANSWER_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1.0)
        except OSError:
            if time.perf_counter() > end or program.popen.poll() is not None:
                raise RuntimeError(f"baresip did not start:\n{program.tail()}") from None
            time.sleep(_LOOK_S)
