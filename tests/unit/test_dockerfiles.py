"""What the model servers' Dockerfiles copy, install and start is there."""

import importlib
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVERS = ("llm", "translate", "tts", "whisper")


def instructions(server: str) -> Iterator[tuple[str, str]]:
    """Instruction and arguments, in order; continued lines joined."""
    text = (ROOT / "model_servers" / server / "Dockerfile").read_text("utf-8")
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest.strip()


@pytest.mark.parametrize("server", SERVERS)
def test_what_an_image_copies_is_there(server: str) -> None:
    copied = [shlex.split(rest) for name, rest in instructions(server) if name == "COPY"]
    sources = [path for words in copied if "--from" not in words[0] for path in words[:-1]]
    assert "pyproject.toml" in sources
    for path in sources:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("server", SERVERS)
def test_an_image_installs_the_servers_extra(server: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    runs = " ".join(rest for name, rest in instructions(server) if name == "RUN")
    extras = re.findall(r"--extra (\S+)", runs)
    assert extras == [f"server-{server}"]
    assert set(extras) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("server", SERVERS)
def test_an_image_starts_the_server_where_its_port_is_and_looks_whether_it_is_ready(
    server: str,
) -> None:
    found = dict(instructions(server))
    command = json.loads(found["ENTRYPOINT"])
    assert command[:3] == ["python", "-m", f"model_servers.{server}"]
    settings = importlib.import_module(f"{command[2]}.settings")
    asked = settings.read_settings([*command[3:], "--api-key", "k"])
    assert found["EXPOSE"] == str(asked.port)
    assert f"127.0.0.1:{asked.port}/ready" in found["HEALTHCHECK"]
    assert found["USER"] != "root"


@pytest.mark.parametrize("server", SERVERS)
def test_the_variables_of_an_image_are_settings(server: str) -> None:
    module = importlib.import_module(f"model_servers.{server}.settings")
    text = (ROOT / "model_servers" / server / "Dockerfile").read_text("utf-8")
    names = set(re.findall(r"\bSERVE_[A-Z_]+", text))
    assert names
    fields = {
        module.PREFIX + field.upper()
        for model in vars(module).values()
        if isinstance(model, type) and hasattr(model, "model_fields")
        for field in model.model_fields
    }
    assert names <= fields


@pytest.mark.parametrize("server", SERVERS)
def test_a_python_that_uv_brings_is_where_the_user_of_the_image_may_read_it(server: str) -> None:
    found = list(instructions(server))
    begin = next((n for n, (_, rest) in enumerate(found) if "--python" in rest), None)
    if begin is None:
        return
    variables = " ".join(rest for name, rest in found[:begin] if name == "ENV")
    (folder,) = re.findall(r"UV_PYTHON_INSTALL_DIR=(\S+)", variables)
    assert not folder.startswith(("/root", "/home", "~"))


@pytest.mark.parametrize("server", SERVERS)
def test_what_an_image_installs_further_has_the_version_of_the_project(server: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["optional-dependencies"][f"server-{server}"]
    runs = [rest for name, rest in instructions(server) if name == "RUN"]
    for command in re.findall(r"uv pip install (.*)", "\n".join(runs)):
        (package,) = re.findall(r"(?<=\s)[a-z][\w.-]*(?:==\S+)?(?=\s)", f" {command} ")
        assert package in wanted, package
