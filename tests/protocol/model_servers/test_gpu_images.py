"""The Dockerfiles of the servers that want a GPU: what they copy and start is there, and enough.

Nobody builds them here (docs/unverified.md).
"""

import ast
import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_servers.gpt_sovits.settings import SERVE
from tests.protocol.model_servers.processes import ROOT

FILES = [
    "gpt_sovits/Dockerfile",
    "seamless_m4t/Dockerfile",
    "seamless_m4t/Dockerfile.cpu",
]
_IMPORTS = {
    "starlette": "fastapi",
    "pydantic": "fastapi",
    "botocore": "boto3",
    "urllib3": "boto3",
}
"""Packages that come with another one."""


def instructions(file: str) -> list[tuple[str, str]]:
    """Names and arguments, continued lines joined."""
    text = (ROOT / "model_servers" / file).read_text("utf-8")
    joined = re.sub(r"\\\n", " ", text)
    lines = [line.strip() for line in joined.splitlines()]
    found = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, arguments.strip()) for name, _, arguments in found]


def arguments(file: str, name: str) -> list[str]:
    return [given for known, given in instructions(file) if known == name]


def imported(folder: Path) -> Iterator[str]:
    """Top-level packages that the modules of a folder import; a server's own in functions too."""
    for file in folder.rglob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        for node in tree.body if folder.name == "serving" else ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


@pytest.mark.parametrize("file", FILES)
def test_what_is_copied_is_there_and_is_all_that_the_server_imports(file: str) -> None:
    copied = [path for given in arguments(file, "COPY") for path in given.split()[:-1]]
    assert all((ROOT / path).exists() for path in copied)
    installed = set(re.findall(r'"(\w+)[><=]', " ".join(arguments(file, "RUN"))))
    given_by_base = {"numpy", "torch"}
    for folder in (path for path in copied if (ROOT / path).is_dir()):
        for package in set(imported(ROOT / folder)) - set(sys.stdlib_module_names):
            if package == "model_servers" or package.startswith("types_boto3"):
                continue
            assert _IMPORTS.get(package, package) in installed | given_by_base, package
    rooms = {path.split("/")[1] for path in copied if (ROOT / path).is_dir()}
    modules = [path for room in rooms for path in (ROOT / "model_servers" / room).rglob("*.py")]
    text = "\n".join(path.read_text("utf-8") for path in modules)
    assert set(re.findall(r"model_servers\.(\w+)", text)) <= rooms | {"__init__"}


@pytest.mark.parametrize("file", FILES)
def test_the_server_is_the_first_process_and_gets_the_signals(file: str) -> None:
    (entry,) = arguments(file, "ENTRYPOINT")
    command = json.loads(entry)  # a list: no shell stands between
    assert command[:2] == ["python", "-m"]
    assert (ROOT.joinpath(*command[2].split(".")) / "__main__.py").is_file()


@pytest.mark.parametrize("file", FILES)
def test_its_settings_are_settings(file: str) -> None:
    server = file.partition("/")[0]
    settings = importlib.import_module(f"model_servers.{server}.settings")
    kind = next(
        value
        for name, value in vars(settings).items()
        if name.endswith("Settings") and value.__module__ == settings.__name__
    )
    known = {f"{settings.PREFIX}{name.upper()}" for name in kind.model_fields}
    used = re.findall(rf"{settings.PREFIX}\w+", " ".join(arguments(file, "ENV")))
    assert set(used) <= known


def test_what_would_be_fetched_in_the_middle_of_a_talk_is_in_the_image_and_checked() -> None:
    [run] = [given for given in arguments("gpt_sovits/Dockerfile", "RUN") if "open_jtalk" in given]
    assert re.search(r"\$OPEN_JTALK_SHA256 .*\| sha256sum -c -", run)
    [known] = [a for a in arguments("gpt_sovits/Dockerfile", "ARG") if "OPEN_JTALK" in a]
    assert re.fullmatch(r"OPEN_JTALK_SHA256=[0-9a-f]{64}", known)


def test_sagemaker_starts_the_container_with_the_word_that_it_knows() -> None:
    assert json.loads(arguments("gpt_sovits/Dockerfile", "CMD")[0]) == [SERVE] == ["serve"]
    assert arguments("gpt_sovits/Dockerfile", "EXPOSE") == ["8080"]
