"""Rehearsals as people write them: what a file says, and which line is complained about."""

from pathlib import Path

import pytest

from agent.errors import ConfigError
from rejoinder.rehearsal.script import read_all, read_rehearsal

SHIPPED = Path(__file__).parents[2] / "personas"
BEGINS = "talks:\n  - title: A\n    turns:\n"


def written(folder: Path, text: str, name: str = "kind.rehearsal.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_shipped_personas_have_rehearsals() -> None:
    rehearsed = {rehearsal.persona for rehearsal in read_all([SHIPPED])}
    assert rehearsed >= {
        "career-adviser", "guide", "interpreter", "knowledge", "mentor", "receptionist",
    }  # fmt: skip
    assert all((SHIPPED / f"{persona}.yaml").is_file() for persona in rehearsed)


def test_a_file_says_all_of_a_rehearsal(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """\
persona: mentor
settings: {LLM_TIMEOUT_S: 5, TURN_MODEL: v1-mini, AGENT_RETURN: true}
caller: Ann
never: secret
model:
  - {when: hello, say: Hi.}
  - {when: noon, after: tool, tool: {name: ring, arguments: {at: 12}}}
talks:
  - title: Short
    language: zh-CN
    turns:
      - expect: {contains: Hi}
      - say: hello
        as: {identity: bob, name: Bob, telephone: true}
        expect:
          - {contains: {any: [a, b]}, tool: ring, no_tool: true, in_role: [x]}
          - {judge: It is kind, real_only: true}
  - title: Twice
    calls: [{turns: [{say: one}]}, {turns: [{say: two}]}]
""",
    )
    rehearsal = read_rehearsal(path)
    file = rehearsal.file
    assert (rehearsal.name, rehearsal.persona) == ("kind", "mentor")
    assert file.settings == {"LLM_TIMEOUT_S": "5", "TURN_MODEL": "v1-mini", "AGENT_RETURN": "true"}
    assert (file.caller.identity, file.never) == ("Ann", ["secret"])
    short, twice = file.talks
    assert short.language == ["zh-CN"]
    first, second = short.turns[1].expect
    assert first.contains is not None
    assert first.contains.any == ["a", "b"]
    assert first.tool is not None
    assert first.tool[0].name == "ring"
    assert second.real_only
    assert short.turns[1].as_ is not None
    assert short.turns[1].as_.telephone
    assert [[turn.say for turn in call] for call in twice.held] == [["one"], ["two"]]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("talks: [\n", ":2: "),
        ("hello", ":1: it should begin with lines such as `talks:`"),
        ("persona: a\n", ": it lacks talks"),
        ("talks: []\n", ":1: talks: "),
        ("talk: []\ntalks:\n  - {title: A, turns: [{say: x}]}\n", ":1: talk is not known"),
        ("talks:\n  - turns:\n      - say: x\n", ":2: talks.0 lacks title"),
        ("talks:\n  - title: A\n", ":2: talks.0: a talk should have `turns:` or `calls:`"),
        (f"{BEGINS}      - say: 5\n", ":4: talks.0.turns.0.say should be a text"),
        (f"{BEGINS}      - say: x\n        expect: {{contain: y}}\n", ":5: talks.0.turns.0.expect"),
        (f"{BEGINS}      - say: x\n        expect:\n          matches: '('\n", ":6: "),
        (
            f"{BEGINS}      - say: x\n        expect: {{contains: {{}}}}\n",
            ":5: talks.0.turns.0.expect.0",
        ),
        (f"{BEGINS}      - say: x\n        expect: {{language: x y}}\n", "not a language code"),
        (
            f"{BEGINS}      - say: x\n        expect: {{at_most_words: few}}\n",
            ":5: talks.0.turns.0.expect",
        ),
        (f"{BEGINS}      - picture: cat.png\n        expect: {{}}\n", "`picture:` needs `say:`"),
        (f"{BEGINS}      - say: x\n      - expect: {{}}\n", "only the first turn may lack `say:`"),
        (f"model: [{{when: x}}]\n{BEGINS}      - say: x\n", ":1: model.0"),
        (f"model: [{{when: '[', say: x}}]\n{BEGINS}      - say: x\n", "no regular expression"),
        (f"{BEGINS}      - say: x\n        say: y\n", ":5: say is there twice"),
    ],
)
def test_a_mistake_is_told_by_its_line(text: str, complaint: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        read_rehearsal(path)
    assert str(error.value).startswith(str(path))
    assert complaint in str(error.value)


def test_the_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, f"{BEGINS}      - say: x\n", "good.rehearsal.yaml")
    written(tmp_path, "talks: 1\n", "bad.rehearsal.yaml")
    written(tmp_path, "x", "worse.rehearsal.yml")
    written(tmp_path, "title: no rehearsal\n", "persona.yaml")
    with pytest.raises(ConfigError) as error:
        read_all([tmp_path])
    bad, worse = str(error.value).splitlines()
    assert "bad.rehearsal.yaml:1: talks" in bad
    assert "worse.rehearsal.yml:1: " in worse


def test_a_folder_without_a_rehearsal_is_no_silent_success(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no file whose name ends in \.rehearsal\.yaml"):
        read_all([tmp_path])
    with pytest.raises(ConfigError, match="cannot be read"):
        read_all([tmp_path / "nowhere.rehearsal.yaml"])
