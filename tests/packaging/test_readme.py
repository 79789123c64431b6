"""What the README and the help say is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agent.settings.engines import TABLES
from agent.settings.load import SECTIONS, engine_options
from agent.settings.reading import variable
from rejoinder.cli import COMMANDS, make_parser
from tools.generate import EXAMPLE, setting_names

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = [
    line.strip()
    for block in re.findall(r"```bash\n(.*?)```", README, re.S)
    for line in block.splitlines()
    if line.strip() and not line.startswith("#")
]


def test_the_readme_has_commands() -> None:
    assert "make demo" in BLOCKS
    assert "make test" in BLOCKS


@pytest.mark.parametrize("line", BLOCKS)
def test_every_command_of_the_readme_exists_with_its_flags(line: str) -> None:
    words = line.split()
    if words[0] == "make":
        targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.M)
        assert words[1] in targets
        return
    assert words[:2] == ["uv", "run"]
    if words[2] == "rejoinder":
        make_parser(words[3]).parse_args(words[3:])
        return
    assert words[2:4] == ["python", "-m"]
    shown = subprocess.run(
        [sys.executable, "-m", words[4], "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for flag in (w for w in words[5:] if w.startswith("--")):
        assert flag in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        make_parser(command).parse_args([command, "--help"])
    assert ended.value.code == 0
    assert COMMANDS[command][1].lower()[:20] in capsys.readouterr().out.lower()


def test_the_example_names_every_setting_and_no_other() -> None:
    known = {variable(p, f) for p, model in SECTIONS.items() for f in model.model_fields}
    for stage in TABLES:
        for _, options in engine_options(stage):
            known |= {variable(f"{stage.upper()}_", f) for f in options.model_fields}
    named = set(setting_names(EXAMPLE.read_text()))
    assert known <= named
    others = {n for n in named - known if not n.startswith(("SERVE_", "AWS_", "OPENAI_"))}
    assert not others


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/**/*.md")) + [ROOT / "README.md"], ids=str)
def test_links_inside_the_project_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_the_maps_name_places_that_exist(name: str) -> None:
    places = re.findall(
        r"`((?:agent|rejoinder|model_servers|tests)/[\w/.-]+)`", (ROOT / name).read_text()
    )
    assert len(places) > 5
    assert [place for place in places if not (ROOT / place).exists()] == []
