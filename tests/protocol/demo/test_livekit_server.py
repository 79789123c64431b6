"""Where livekit-server comes from: order of candidates, archive over real HTTP, `go install`."""

import asyncio
import hashlib
import io
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web

from agent.errors import StartupError
from agent.options.livekit import LiveKitOptions
from rejoinder.demo.livekit_server import Found, locate, obtain
from rejoinder.demo.release import Archive, Release, machine, pinned_release
from testbed.waiting import until
from tests.fakes.processes import alive

VERSION = "9.8.7"
SCRIPT = f"#!/bin/sh\necho livekit-server version {VERSION}\n"


def executable(path: Path, text: str = SCRIPT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def packed(members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


@dataclass
class Shop:
    """An HTTP server that hands out one archive."""

    url: str = ""
    body: bytes = packed({"LICENSE": "free", "livekit-server": SCRIPT})
    status: int = 200
    cut: bool = False
    stall: asyncio.Event | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if self.status != 200:
            raise web.HTTPNotFound
        response = web.StreamResponse(headers={"Content-Length": str(len(self.body))})
        await response.prepare(request)
        await response.write(self.body[: len(self.body) // 2])
        if self.cut:
            assert request.transport is not None
            request.transport.close()
            return response
        if self.stall is not None:
            self.stall.set()
            try:
                await asyncio.sleep(15)
            finally:
                self.gone.set()
        await response.write(self.body[len(self.body) // 2 :])
        return response


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    app = web.Application()
    app.router.add_get("/v/archive.tar.gz", shop.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v"
    yield shop
    await runner.cleanup()


@pytest.fixture
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with neither livekit-server nor go on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def release(shop: Shop, **changes: object) -> Release:
    good = Archive("archive.tar.gz", hashlib.sha256(shop.body).hexdigest())
    made = Release(VERSION, shop.url, "example.org/cmd/server@v9.8.7", {machine(): good})
    return replace(made, **changes)  # type: ignore[arg-type]


def left_over(cache: Path) -> list[str]:
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file())


KEPT = f"livekit-server/{VERSION}/livekit-server"


async def test_a_good_archive_is_unpacked_kept_and_used(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    told: list[tuple[str, float | None]] = []
    cache = tmp_path / "cache"

    found = await obtain(
        LiveKitOptions(),
        cache=cache,
        release=release(shop),
        report=lambda text, fraction: told.append((text, fraction)),
    )

    assert (found.source, found.version) == ("release archive", VERSION)
    assert found.binary == cache / KEPT
    assert left_over(cache) == [KEPT], "only the binary stays, no other member of the archive"
    assert told[0][1] is None
    assert told[-1][1] == 1.0


async def test_the_second_time_the_cache_serves_and_nobody_is_contacted(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        found = await obtain(LiveKitOptions(), cache=tmp_path / "cache", release=release(shop))
    assert found.source == "cache"
    assert shop.asked == 1


async def test_the_address_of_the_archive_can_be_set(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    elsewhere = release(shop, base_url="http://127.0.0.1:9/nobody")
    options = LiveKitOptions(server_base_url=shop.url + "/")
    found = await obtain(options, cache=tmp_path / "cache", release=elsewhere)
    assert found.source == "release archive"


async def test_an_archive_with_another_hash_is_refused_and_nothing_of_it_stays(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    wrong = release(shop, archives={machine(): Archive("archive.tar.gz", "0" * 64)})
    with pytest.raises(StartupError, match=r"refused: its SHA-256 is [0-9a-f]{64}, expected 0+"):
        await obtain(LiveKitOptions(), cache=tmp_path / "cache", release=wrong)
    assert left_over(tmp_path / "cache") == []


async def test_a_download_that_breaks_off_is_named_and_nothing_of_it_stays(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    shop.cut = True
    with pytest.raises(StartupError, match="could not be fetched"):
        await obtain(LiveKitOptions(), cache=tmp_path / "cache", release=release(shop))
    assert left_over(tmp_path / "cache") == []


async def test_cancelling_closes_the_download_and_leaves_nothing(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    shop.stall = asyncio.Event()
    work = asyncio.create_task(
        obtain(LiveKitOptions(), cache=tmp_path / "cache", release=release(shop))
    )
    await asyncio.wait_for(shop.stall.wait(), 5)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await asyncio.wait_for(shop.gone.wait(), 5)
    assert left_over(tmp_path / "cache") == []


async def test_an_archive_without_the_binary_is_passed_over(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    shop.body = packed({"../livekit-server": SCRIPT, "bin/other": SCRIPT})
    with pytest.raises(StartupError, match="holds no livekit-server"):
        await obtain(LiveKitOptions(), cache=tmp_path / "cache", release=release(shop))
    assert left_over(tmp_path) == []


async def test_an_archive_whose_binary_does_not_run_is_not_kept(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    shop.body = packed({"livekit-server": "#!/bin/sh\necho wrong libc >&2; exit 3\n"})
    with pytest.raises(StartupError, match="ended with 3: wrong libc"):
        await obtain(LiveKitOptions(), cache=tmp_path / "cache", release=release(shop))
    assert left_over(tmp_path / "cache") == []


async def test_without_an_archive_go_builds_it(shop: Shop, bare_path: Path, tmp_path: Path) -> None:
    shop.status = 404
    executable(
        bare_path / "go",
        f"#!/bin/sh\necho 'go: downloading example.org v1' >&2\n"
        f"printf '%s' '{SCRIPT}' > \"$GOBIN/server\"; /bin/chmod +x \"$GOBIN/server\"\n"
        'echo "$1 $2" > "$HOME/asked"\n',
    )
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path))
        found = await obtain(
            LiveKitOptions(),
            cache=tmp_path / "cache",
            release=release(shop),
            report=lambda text, fraction: told.append(text),
        )
    assert found.source == "go install"
    assert (tmp_path / "asked").read_text() == "install example.org/cmd/server@v9.8.7\n"
    assert ("release archive", f"{shop.url}/archive.tar.gz answered 404 Not Found") in [
        (attempt.source, attempt.reason) for attempt in found.passed_over
    ]
    assert left_over(tmp_path / "cache") == [KEPT]
    assert any(text.startswith("go install, 0 s") for text in told)


async def test_a_build_that_fails_is_quoted(shop: Shop, bare_path: Path, tmp_path: Path) -> None:
    shop.status = 404
    executable(bare_path / "go", "#!/bin/sh\necho 'dial tcp: no such host' >&2; exit 1\n")
    with pytest.raises(StartupError, match="ended with 1: dial tcp: no such host"):
        await obtain(LiveKitOptions(), cache=tmp_path / "cache", release=release(shop))


async def test_cancelling_ends_the_build_with_its_compilers(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    shop.status = 404
    mark = tmp_path / "compiler"
    executable(
        bare_path / "go",
        f"#!/bin/sh\n/bin/sleep 60 &\necho $! > {mark}.new; /bin/mv {mark}.new {mark}; wait\n",
    )
    work = asyncio.create_task(
        obtain(LiveKitOptions(), cache=tmp_path / "cache", release=release(shop))
    )
    await until(mark.exists)
    compiler = int(mark.read_text())
    assert alive(compiler)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: not alive(compiler))
    assert left_over(tmp_path / "cache") == []


async def test_the_named_binary_wins_over_path_and_path_over_the_cache(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    pin, cache = release(shop), tmp_path / "cache"
    executable(cache / KEPT)
    assert source(await locate(LiveKitOptions(), cache=cache, release=pin)) == "cache"
    executable(bare_path / "livekit-server")
    assert source(await locate(LiveKitOptions(), cache=cache, release=pin)) == "PATH"
    named = LiveKitOptions(server_bin=executable(tmp_path / "mine"))
    assert source(await locate(named, cache=cache, release=pin)) == "LIVEKIT_SERVER_BIN"


async def test_a_candidate_that_does_not_work_is_passed_over_with_the_reason(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    executable(bare_path / "livekit-server", "#!/bin/sh\necho hello\n")
    named = LiveKitOptions(server_bin=tmp_path / "missing")

    found = await obtain(named, cache=tmp_path / "cache", release=release(shop))

    assert found.source == "release archive"
    reasons = {attempt.source: attempt.reason for attempt in found.passed_over}
    assert reasons["LIVEKIT_SERVER_BIN"].endswith(
        "missing cannot be run: No such file or directory"
    )
    assert reasons["PATH"].endswith("--version ended with 0: hello")


async def test_when_nothing_serves_the_error_lists_all_tries_and_the_remedies(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    shop.status = 404
    with pytest.raises(StartupError) as caught:
        await obtain(LiveKitOptions(), cache=tmp_path / "cache", release=release(shop))
    message = str(caught.value)
    for expected in (
        "LIVEKIT_SERVER_BIN: not set",
        "PATH: no livekit-server there",
        "cache: ",
        "answered 404",
        "go install: no go on PATH",
        "set LIVEKIT_SERVER_BIN",
        "set LIVEKIT_URL",
    ):
        assert expected in message


async def test_a_machine_without_an_archive_is_named(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    other = release(shop, archives={"plan9-mips": Archive("a", "b")})
    with pytest.raises(StartupError, match=f"the release has none for {machine()}"):
        await obtain(LiveKitOptions(), cache=tmp_path / "cache", release=other)
    assert shop.asked == 0


async def test_two_that_fetch_at_once_both_get_a_working_binary(
    shop: Shop, bare_path: Path, tmp_path: Path
) -> None:
    pin, cache = release(shop), tmp_path / "cache"
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(obtain(LiveKitOptions(), cache=cache, release=pin)) for _ in range(3)
        ]
    assert {task.result().version for task in tasks} == {VERSION}
    assert left_over(cache) == [KEPT]


def source(result: object) -> str:
    assert isinstance(result, Found), result
    return result.source


def test_the_pin_names_one_version_everywhere() -> None:
    pin = pinned_release()
    assert pin.go_module.endswith(f"@v{pin.version}")
    assert pin.base_url.endswith(f"/v{pin.version}")
    assert {"linux-x86_64", "linux-aarch64"} <= set(pin.archives)
    for archive in pin.archives.values():
        assert pin.version in archive.file
        assert len(bytes.fromhex(archive.sha256)) == 32
