"""How the container starts and stops as SageMaker sees it, and what it says when it cannot."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from model_servers.gpt_sovits.__main__ import PACKAGES
from tests.conftest import require
from tests.protocol.model_servers.processes import ROOT, ServerProcess, started
from tests.protocol.model_servers.sovits_container import (
    CHECKOUT,
    MODULE,
    OTTO,
    checkout,
    recording,
    said,
)

pytestmark = [pytest.mark.timeout(120), pytest.mark.idle]

DEVICES = {"SERVE_GPT_SOVITS_DEVICES": "cpu"}
_UNSHARE = ("unshare", "--user", "--map-root-user", "--pid", "--fork")
"""The user's own namespace makes it possible without root, where the system lets anybody."""


@contextmanager
def first_process(
    *argv: str, log_file: Path, **environ: str
) -> Iterator[tuple[ServerProcess, int]]:
    """A command as the first process of a container; and its number as others see it."""
    require("unshare", "apt install util-linux")
    if subprocess.run([*_UNSHARE, "true"], capture_output=True).returncode:
        message = "this machine lets nobody make a namespace of processes"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with log_file.open("wb") as log:
        outer = subprocess.Popen(
            [*_UNSHARE, "--kill-child", *argv],
            cwd=ROOT,
            env=os.environ | environ,
            stdout=log,
            stderr=log,
        )
    try:
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
        until = time.monotonic() + 10
        while not (numbers := children.read_text().split()) and time.monotonic() < until:
            time.sleep(0.01)
        yield ServerProcess(outer, log_file), int(numbers[0])
    finally:
        if outer.poll() is None:
            outer.kill()
        outer.wait()


def test_sigterm_ends_it_as_the_first_process_of_a_container(tmp_path: Path) -> None:
    command = (sys.executable, "-m", MODULE, "serve", "--port", "0")
    environ = {
        **DEVICES,
        "SERVE_GPT_SOVITS_HOST": "127.0.0.1",
        "SERVE_GPT_SOVITS_REPOSITORY": str(CHECKOUT),
        "SERVE_GPT_SOVITS_MODEL_DIR": str(tmp_path),
    }
    with first_process(*command, log_file=tmp_path / "log", **environ) as (server, number):
        server.wait_until_listening()
        server.wait_until_ready()
        os.kill(number, signal.SIGTERM)
        assert server.exit_status(30) == 0
    assert server.log.endswith("gpt_sovits: stopped\n")


def test_sigterm_ends_it_before_it_has_begun_too(tmp_path: Path) -> None:
    # As the first process a program without a handler would not hear of the signal at all.
    code = (
        "import sys, time; from model_servers.serving import start; "
        "start.importlib.import_module = lambda name: (print('importing', flush=True), "
        "time.sleep(60)); "
        "start.start('gpt_sovits', 'model_servers.gpt_sovits', extra='none')"
    )
    log = tmp_path / "log"
    with first_process(sys.executable, "-c", code, log_file=log) as (server, number):
        until = time.monotonic() + 30
        while "importing" not in server.log and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(number, signal.SIGTERM)
        assert server.exit_status(30) == 0


def test_sigterm_in_the_middle_of_a_speech_ends_it_soon(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "otto.wav").write_bytes(recording(OTTO))
    flags = ("--repository", str(CHECKOUT), "--model-dir", str(tmp_path))
    own = ("--reference", "otto.wav", "--reference-text", "This is what I say.")
    with started(MODULE, *flags, *own, log_file=tmp_path / "log", **DEVICES) as server:
        server.wait_until_listening()
        server.wait_until_ready()
        # The voice takes a second for each of these.
        body = {"text": "busy. " * 200, "cut_punc": "."}
        with httpx.stream("POST", f"{server.url}/invocations", json=body, timeout=60) as answer:
            next(answer.iter_raw())
            status, took_s = server.terminate()
    assert status == 0
    assert took_s < 10
    assert server.log.endswith("gpt_sovits: stopped\n")
    assert "Traceback" not in server.log


def test_the_argument_serve_means_all_addresses_and_any_name(tmp_path: Path) -> None:
    flags = ("--repository", str(CHECKOUT), "--model-dir", str(tmp_path))
    log = tmp_path / "log"
    with started(MODULE, *flags, before=("serve",), log_file=log, **DEVICES) as server:
        server.wait_until_listening()
        assert server.url.startswith("http://0.0.0.0:")
        port = server.url.rpartition(":")[2]
        # What SageMaker calls it.
        host = {"Host": "model.aws.local:8080"}
        url = f"http://127.0.0.1:{port}/ping"
        seen = []
        until = time.monotonic() + 60
        while 200 not in seen and time.monotonic() < until:
            seen.append(httpx.get(url, headers=host, timeout=2.0).status_code)
        assert set(seen) <= {200, 503}
        body = {"text": "one"}
        refused = httpx.post(f"http://127.0.0.1:{port}/invocations", json=body, headers=host)
        assert refused.status_code == 400  # it has no recording, and has looked at the request


def test_without_it_it_listens_on_this_machine_alone(tmp_path: Path) -> None:
    flags = ("--repository", str(CHECKOUT), "--model-dir", str(tmp_path))
    with started(MODULE, *flags, log_file=tmp_path / "log", **DEVICES) as server:
        server.wait_until_listening()
        assert server.url.startswith("http://127.0.0.1:")


def test_the_weights_of_the_model_archive_take_the_checkouts_place(tmp_path: Path) -> None:
    repository, model = checkout(tmp_path), tmp_path / "model"
    model.mkdir()
    (repository / "GPT_SoVITS" / "pretrained_models").rename(model / "pretrained_models")
    flags = ("--repository", str(repository), "--model-dir", str(model))
    with started(MODULE, *flags, log_file=tmp_path / "log", **DEVICES) as server:
        server.wait_until_listening()
        server.wait_until_ready()
        assert httpx.get(f"{server.url}/ready").json()["sample_rate"] == 32000


def test_without_its_model_of_readings_it_fetches_none_and_says_so(tmp_path: Path) -> None:
    repository, model = checkout(tmp_path), tmp_path / "model"
    readings = repository / "GPT_SoVITS" / "text" / "G2PWModel"
    model.mkdir()
    readings.rename(model / "G2PWModel")
    flags = ("--repository", str(repository), "--model-dir", str(model))
    with started(MODULE, *flags, log_file=tmp_path / "log", **DEVICES) as server:
        server.wait_until_listening()
        server.wait_until_ready()
    shutil.rmtree(model / "G2PWModel")
    for version, status in (("v2", 1), ("v4", 1)):
        log = tmp_path / f"log-{version}"
        with started(MODULE, *flags, "--version", version, log_file=log, **DEVICES) as server:
            assert server.exit_status() == status
        assert "cannot start: G2PWModel is missing" in server.log
        assert str(readings) in server.log


def test_the_checkouts_own_settings_stay_as_they_are(tmp_path: Path) -> None:
    repository = checkout(tmp_path)
    settings = repository / "GPT_SoVITS" / "configs" / "tts_infer.yaml"
    before = settings.read_text()
    with started(
        MODULE, "--repository", str(repository), log_file=tmp_path / "log", **DEVICES
    ) as server:
        server.wait_until_listening()
        server.wait_until_ready()
    assert settings.read_text() == before


def test_a_missing_package_is_named_with_the_command_that_brings_it() -> None:
    code = (
        "import sys, runpy; sys.modules['uvicorn'] = None; sys.argv = ['server']; "
        f"runpy.run_module({MODULE!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert PACKAGES in done.stderr
    for file in ("PROTOCOL.md", "Dockerfile"):
        text = (ROOT / "model_servers" / "gpt_sovits" / file).read_text("utf-8")
        assert PACKAGES.removeprefix("pip install ") in text


def test_what_is_missing_is_said_and_ends_it(tmp_path: Path) -> None:
    repository = checkout(tmp_path)
    (repository / "GPT_SoVITS" / "pretrained_models" / "s1v3.ckpt").unlink()
    for argv, reason in (
        (("--repository", str(tmp_path)), "is no checkout of GPT-SoVITS"),
        (("--repository", str(repository)), "put GPT-SoVITS's pretrained models into"),
        (
            ("--repository", str(CHECKOUT), "--reference", "nobody.wav", "--reference-text", "a"),
            "SERVE_GPT_SOVITS_REFERENCE: there is no recording 'nobody.wav'",
        ),
        (("--repository", str(CHECKOUT), "--sovits-weights", "x.pth"), "there is no file"),
        (("--repository", str(CHECKOUT), "--devices", "cuda:0"), "no CUDA GPU is visible"),
        (("--repository", str(CHECKOUT), "--devices", "auto"), "no CUDA GPU is visible"),
        (
            ("--repository", str(CHECKOUT), "--reference", "nobody.wav"),
            "SERVE_GPT_SOVITS_REFERENCE_TEXT is needed",
        ),
    ):
        with started(MODULE, *argv, log_file=tmp_path / "log", **DEVICES) as server:
            assert server.exit_status() == 1
        assert "cannot start: " in server.log
        assert reason in server.log
        assert "Traceback" not in server.log


@pytest.mark.parametrize("mode", ["2", "3"])
def test_its_own_recording_speaks_where_none_is_named(tmp_path: Path, mode: str) -> None:
    voices = tmp_path / "voices"
    voices.mkdir()
    (voices / "otto.wav").write_bytes(recording(OTTO))
    flags = ("--repository", str(CHECKOUT), "--model-dir", str(tmp_path), "--version", "v4")
    own = ("--reference", "otto.wav", "--reference-text", "This is what I say.")
    log = tmp_path / "log"
    with started(MODULE, *flags, *own, "--streaming-mode", mode, log_file=log, **DEVICES) as server:
        server.wait_until_listening()
        server.wait_until_ready()
        answer = httpx.post(f"{server.url}/invocations", json={"text": "one two"})
    assert answer.headers["x-sample-rate"] == "48000"
    assert said(answer.content, rate_hz=48000) == [OTTO, "one", "two"]
