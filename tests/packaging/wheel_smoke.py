"""Builds the wheel, installs it in an empty environment, imports all of it, runs its commands.

`make wheel-smoke`. An editable install puts the whole checkout on the path, so it cannot show
what a wheel lacks.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXTRAS = "server-whisper,server-tts,server-llm,server-translate,memory"

IMPORT_ALL = """
import importlib, pkgutil
import agent, model_servers, rejoinder
names = [m.name for p in (agent, model_servers, rejoinder)
         for m in pkgutil.walk_packages(p.__path__, p.__name__ + ".")]
names = [name for name in names if not name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
from rejoinder.demo.livekit_server import pinned_release
from model_servers.tts.kokoro_weights import hashes
from rejoinder.web.client_library import locked_version
print(len(names), "modules;", "livekit-server", pinned_release().version,
      "livekit-client", locked_version(), len(hashes()), "files of Kokoro", agent.__file__)
"""


def run(*command: str | Path, cwd: Path, env: dict[str, str]) -> str:
    print("$", *command, flush=True)
    done = subprocess.run(
        command, cwd=cwd, env=env, check=True, text=True, stdout=subprocess.PIPE, timeout=600
    )
    return done.stdout


def main() -> int:
    own = (
        "LIVEKIT_",
        "STT_",
        "LLM_",
        "TTS_",
        "AGENT_",
        "TURN_",
        "TALK_",
        "SERVE_",
        "RECORD",
        "MEMORY",
        "OPENAI_",
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    env.pop("VIRTUAL_ENV", None)
    uv = env.get("UV", "uv")
    with tempfile.TemporaryDirectory(prefix="wheel-smoke-") as folder:
        work = Path(folder)
        run(uv, "build", "--wheel", "--out-dir", work, ROOT, cwd=work, env=env)
        (wheel,) = work.glob("rejoinder-*.whl")
        run(uv, "venv", "--quiet", "--python", sys.executable, work / "env", cwd=work, env=env)
        python = work / "env/bin/python"
        run(
            uv, "pip", "install", "--quiet", "--python", python, f"{wheel}[{EXTRAS}]",
            cwd=work, env=env,
        )  # fmt: skip
        said = run(python, "-c", IMPORT_ALL, cwd=work, env=env)
        print(said, end="")
        if str(work) not in said:
            print("the modules did not come from the wheel", file=sys.stderr)
            return 1
        for command in ("--help", "engines", "check --offline"):
            run(work / "env/bin/rejoinder", *command.split(), cwd=work, env=env)
        for server in ("whisper", "tts", "llm", "translate"):
            run(python, "-m", f"model_servers.{server}", "--help", cwd=work, env=env)
    print("the wheel works")
    return 0


if __name__ == "__main__":
    sys.exit(main())
