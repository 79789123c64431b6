"""Try other versions of LiveKit's packages: `make rehearse`; what was seen is in docs/upgrading.md.

An environment of its own gets everything that uv.lock says but LiveKit's packages: of those the
newest that there are, whatever pyproject.toml and the packages themselves allow, or the ones that
are named. In it run the types, the contract with the framework, the tests of logic, and calls in
a real room if there is a livekit-server.

    make rehearse ARGS="livekit-agents==1.8.0 livekit-plugins-silero==1.8.0"
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS_TO_TRY = ("livekit", "livekit-api", "livekit-agents", "livekit-plugins-silero")
_EXTRAS = ("--extra", "server-whisper", "--extra", "server-tts")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_ROOM = "tests/room/test_conversation.py"


def steps(python: Path, scratch: Path) -> dict[str, list[str]]:
    """What is run, by its name."""
    pytest = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    found = {
        "types": [str(python), "-m", "mypy", "--cache-dir", str(scratch / "types")],
        "contract": [*pytest, "tests/unit/test_framework_contract.py"],
        "logic": [*pytest, "-m", "unit"],
    }
    if os.environ.get("LIVEKIT_SERVER_BIN"):
        found["room"] = [*pytest, _ROOM]
    return found


def main(wanted: Sequence[str]) -> int:
    """Make the environment, run every step, and return how many have failed."""
    wanted = wanted or OURS_TO_TRY
    with tempfile.TemporaryDirectory(prefix="rejoinder-rehearsal-") as folder:
        scratch = Path(folder)
        python = _environment(scratch, wanted)
        failed = []
        for name, command in steps(python, scratch).items():
            print(f"--- {name}", flush=True)
            if subprocess.call(command, cwd=ROOT) != 0:
                failed.append(name)
        _uv("pip", "list", "--python", str(python), keep="livekit")
    print("all passed" if not failed else f"failed: {', '.join(failed)}")
    return len(failed)


def _environment(scratch: Path, wanted: Sequence[str]) -> Path:
    """An environment with `wanted` and otherwise what the lock file says; its Python."""
    names = {match[0] for one in wanted if (match := _NAME.match(one)) is not None}
    locked = subprocess.run(
        [_UV, "export", "--locked", "--no-hashes", "--no-emit-project", "-q", *_EXTRAS],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    # livekit-* packages that are not named may move with those that are.
    kept = [line for line in locked.splitlines() if not line.startswith("livekit")]
    others = [n for n in OURS_TO_TRY if n not in names]
    at = {line.partition("==")[0]: line.partition(" ;")[0] for line in locked.splitlines()}
    (scratch / "kept.txt").write_text("\n".join(kept))
    (scratch / "wanted.txt").write_text("\n".join([*wanted, *(at[name] for name in others)]))
    (scratch / "project.txt").write_text(f"-e {ROOT}[server-whisper,server-tts]\n")
    python = scratch / "env" / "bin" / "python"
    _uv("venv", "--python", sys.executable, str(scratch / "env"))
    _uv(
        "pip", "install", "--python", str(python), "-r", str(scratch / "kept.txt"),
        "-r", str(scratch / "project.txt"), "--override", str(scratch / "wanted.txt"),
    )  # fmt: skip
    return python


_UV = os.environ.get("UV", "uv")


def _uv(*arguments: str, keep: str = "") -> None:
    done = subprocess.run([_UV, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    print("\n".join(line for line in done.stdout.splitlines() if keep and keep in line), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
