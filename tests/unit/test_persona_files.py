"""Personas as people write them: what a file says, and which line is complained about."""

from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.personas.shelf import Shelf, name_of, read_shelf
from agent.personas.texts import said_in

SHIPPED = Path(__file__).parents[2] / "personas"
LEAST = "title: A\ninstructions: Be kind.\n"


def shelf(folder: Path, **files: str) -> Shelf:
    """What is read of a folder with these files; `__` is the dot of an ending."""
    for name, text in files.items():
        (folder / name.replace("__", ".").replace("_", "-")).write_text(text, "utf-8")
    return read_shelf(folder)


def test_every_shipped_persona_can_be_read() -> None:
    found = read_shelf(SHIPPED)
    assert found.mistakes == ()
    assert {"guide", "knowledge", "interpreter", "career-adviser", "mentor"} <= set(found.personas)
    for shelved in found.personas.values():
        file = shelved.file
        for texts in (file.title, file.about, file.greeting):
            assert texts is not None
            assert {"en", "zh"} <= set(texts), shelved.name
        assert file.languages == ["en", "zh"]


def test_a_file_says_all_of_a_persona(tmp_path: Path) -> None:
    found = shelf(
        tmp_path,
        adviser__yaml="""\
title: {en: Adviser, zh: 顾问}
instructions: |
  Ask first.
greeting: {en: Hi, no: Hei, pt-BR: Oi}
apologies: {llm: "Once more, please."}
languages: en
voice: {en: nova, zh: {name: zf, speed: 0.9}}
""",
    )
    assert found.mistakes == ()
    file = found.get("adviser").file
    assert said_in(file.title, ["zh-TW"]) == "顾问"
    assert said_in(file.greeting or {}, ["no"]) == "Hei"
    assert said_in(file.greeting or {}, ["pt"]) == "Oi"
    assert said_in(file.greeting or {}, ["de"]) == "Hi", "the first that was written"
    assert said_in(file.apologies["llm"], ["de"]) == "Once more, please."
    assert said_in(file.voice, ["zh-CN"]).speed == 0.9
    assert said_in(file.voice, ["en"]).name == "nova"
    assert file.languages == ["en"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("about: 3", ":3: about: should be a text, or one for each language"),
        ("languages: [en, klingonish]", ":3: languages.1: "),
        ("voice: {zh: {name: zf, sped: 2}}", ":3: voice.zh.sped is not known"),
        ("voice:\n  speed: 9", ":4: voice.speed: Input should be less than or equal to 2"),
        ("voice: {name: 7}", ":3: voice.name should be a text; a number is one in quotes"),
        ("greting: Hi", ":3: greting is not known"),
        ("title: B", ":3: title is there twice"),
        ("greeting: {klingonish: Hi}", ":3: greeting: 'klingonish' is no language"),
        ("apologies: {ear: Hi}", ":3: apologies.ear"),
        ("human: 5", ":3: human: should be `false`, or have `say:`"),
        ("emergency: {sy: Hi}", ":3: emergency.sy is not known"),
        ("languages: [a", ":4: "),
        ("a: !!python/object:os.system {}", ":3: "),
    ],
)
def test_what_is_wrong_is_named_by_its_line(tmp_path: Path, line: str, complaint: str) -> None:
    found = shelf(tmp_path, wrong__yaml=f"{LEAST}{line}\n", right__yaml=LEAST)
    assert list(found.personas) == ["right"], "a broken one does not stop the others"
    [mistake] = found.mistakes
    assert mistake.startswith(f"{tmp_path / 'wrong.yaml'}{complaint}")


def test_every_mistake_of_a_file_is_named(tmp_path: Path) -> None:
    found = shelf(tmp_path, wrong__yaml="voice: {speed: 9}\nsees: 3\n")
    [mistake] = found.mistakes
    said = [line.removeprefix(str(tmp_path / "wrong.yaml")) for line in mistake.splitlines()]
    assert {": it lacks title", ": it lacks instructions"} <= set(said)
    assert len(said) == 4


def test_a_list_of_roles_is_read_too(tmp_path: Path) -> None:
    roles = (
        '[{"role": "职业顾问", "instruct": "问。"}, {"role": "Art critic!", "instruct": "See."}]'
    )
    found = shelf(tmp_path, roles__json=roles, more__json='{"role": "x"}', broken__json="[\n{")
    assert set(found.personas) == {"职业顾问", "art-critic"}
    assert said_in(found.get("art-critic").file.instructions, []) == "See."
    broken, more = found.mistakes
    assert "broken.json:2: it is no JSON" in broken
    assert 'more.json: it should be a list of {"role": "…", "instruct": "…"}' in more


def test_other_files_are_let_be_and_names_are_not_taken_twice(tmp_path: Path) -> None:
    (tmp_path / ".hidden.yaml").write_text("x", "utf-8")
    (tmp_path / "kind.rehearsal.yaml").write_text("x", "utf-8")
    found = shelf(
        tmp_path,
        notes__md="# x",
        kind__yaml=LEAST,
        kind__yml=LEAST,
        Loud__yaml=LEAST,
        roles__json='[{"role": "kind", "instruct": "x"}]',
    )
    assert list(found.personas) == ["kind"]
    loud, other, roles = sorted(found.mistakes)
    assert "call it loud.yaml" in loud
    assert "is the persona kind already" in other
    assert "is the persona kind already" in roles


def test_a_byte_order_mark_and_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "marked.yaml").write_text(LEAST, "utf-8-sig")
    (tmp_path / "latin.yaml").write_bytes("title: Möbel\n".encode("latin-1"))
    found = read_shelf(tmp_path)
    assert list(found.personas) == ["marked"]
    assert found.mistakes == (f"{tmp_path / 'latin.yaml'} is not UTF-8",)


def test_who_is_not_there_and_a_folder_that_is_not(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="known: kind"):
        shelf(tmp_path, kind__yaml=LEAST).get("unkind")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_shelf(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("title", "name"), [("Career adviser", "career-adviser"), ("日语翻译", "日语翻译"), ("--", "")]
)
def test_names(title: str, name: str) -> None:
    assert name_of(title) == name
