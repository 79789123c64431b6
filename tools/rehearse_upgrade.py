"""Try other versions of LiveKit's packages; what was seen is in docs/upgrading.md.

In a scratch folder, pyproject.toml's bounds for LiveKit's packages are taken away, or those named
on the command line put in their place, and the lock file is made anew: everything else stays
where it is unless it must move. In that environment run the types, the contract with the
framework, the tests of logic, and a call in a real room if there is a livekit-server.

    make rehearse-upgrade ARGS="livekit-agents==1.8.0 livekit-plugins-silero==1.8.0"
    make rehearse-upgrade ARGS="--force livekit==1.2.1"
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_BOUND = re.compile(r'"(livekit[a-z-]*)[<>=~][^"]*"')
_UV = os.environ.get("UV", "uv")


def rehearse(wanted: Sequence[str], *, force: bool) -> list[str]:
    """Run everything with `wanted`, requirements like `livekit==1.2.1`; return what has failed.

    With `force` also against the bounds that LiveKit's packages have for each other.
    """
    with tempfile.TemporaryDirectory(prefix="rejoinder-rehearsal-") as folder:
        scratch = Path(folder)
        python = _environment(scratch, wanted, force=force)
        pytest = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        steps = {
            "types": [str(python), "-m", "mypy", "--cache-dir", str(scratch / "types")],
            "contract": [*pytest, "tests/unit/test_framework_contract.py"],
            "logic": [*pytest, "tests/unit"],
            "room": [*pytest, "tests/room/test_conversation.py"],
        }
        if not os.environ.get("LIVEKIT_SERVER_BIN"):
            del steps["room"]
        failed = []
        for name, command in steps.items():
            print(f"--- {name}", flush=True)
            if subprocess.call(command, cwd=ROOT) != 0:
                failed.append(name)
    return failed


def _environment(scratch: Path, wanted: Sequence[str], *, force: bool) -> Path:
    """Make the environment; returns its Python."""
    asked = {re.split(r"[<>=~!]", one)[0]: one for one in wanted}
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    project = _BOUND.sub(lambda found: f'"{asked.get(found[1], found[1])}"', project)
    if force:
        project += f"\n[tool.uv]\noverride-dependencies = {list(wanted)}\n"
    (scratch / "pyproject.toml").write_text(project, "utf-8")
    shutil.copy(ROOT / "uv.lock", scratch)
    names = _BOUND.findall((ROOT / "pyproject.toml").read_text("utf-8"))
    upgrades = [flag for name in names for flag in ("--upgrade-package", name)]
    _uv(scratch, "lock", *upgrades)
    extras = ("--extra", "server-whisper", "--extra", "server-tts")
    _uv(scratch, "sync", "--locked", "--no-install-project", "--python", sys.executable, *extras)
    python = scratch / ".venv" / "bin" / "python"
    _uv(scratch, "pip", "install", "--python", str(python), "--no-deps", "-e", str(ROOT))
    return python


def _uv(folder: Path, *arguments: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    command = [str(Path(shutil.which(_UV) or ROOT / _UV).absolute()), *arguments]
    done = subprocess.run(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True)
    # Of what uv says: which packages have moved.
    moved = [line for line in done.stderr.splitlines() if line.startswith(("Updated", "Removed"))]
    print("\n".join(moved), flush=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wanted", nargs="*", help="for example livekit-agents==1.9.0; else newest")
    parser.add_argument("--force", action="store_true", help="against the packages' own bounds")
    args = parser.parse_args()
    failed = rehearse(args.wanted, force=args.force)
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
