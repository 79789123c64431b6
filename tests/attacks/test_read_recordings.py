"""A recording holds what strangers said, and may come from one: it is not trusted."""

import gzip
import json
import os
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from agent.errors import RejoinderError
from agent.recorder.line import KIND, VERSION
from agent.recorder.lines import KINDS
from agent.recorder.recording import REDACTED, RecordingError, load, redact
from rejoinder import cli
from rejoinder.replay.page import page
from rejoinder.replay.story import tell

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "]]>--><!--<script>",
    "{{script}}{{policy}}",
    "\u2028\u2029\x00'\"&lt;",
    "[red]markup[/] \x1b[31m",
)
HEAD = {
    "kind": KIND, "t": 0, "version": VERSION, "hop_s": 0.01, "caller_hz": 16000,
    "agent_hz": 24000, "sound": False,
}  # fmt: skip


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: dict[str, Any], head: dict[str, Any] | None = None) -> Path:
        file = tmp_path / "call.jsonl.gz"
        with gzip.open(file, "wt", encoding="utf-8", errors="surrogatepass") as out:
            for line in (HEAD | (head or {}), *lines):
                out.write(json.dumps(line) + "\n")
        return file

    return write


def test_a_page_is_not_written_through_a_link_to_another_file(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "call.html").symlink_to(precious)
    assert cli.main(["replay", str(write())]) == 2
    assert precious.read_text() == "mine"


# What is in its page.


class Parsed(HTMLParser):
    """Tags, and the text of each script."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag == "script":
            self._in_script = True
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data


def everywhere(text: str) -> list[dict[str, Any]]:
    """A line of each kind that holds text."""
    stage = {"stage": text, "from_ms": 0, "to_ms": 400}
    overlap = {
        "held_s": 0.2, "voiced_s": 0.2, "peak_probability": 0.9, "silence_s": 0.1, "text": text,
        "complete": True,
    }  # fmt: skip
    why = {"wait_s": 0.4, "wording": text, "usual_pause_s": 0.3, "end_probability": 0.4}
    return [
        {"kind": "asked", "t": 1, "number": 1, "begin": 0, "end": 90, "rolling": True},
        {"kind": "answered", "t": 1.2, "number": 1, "text": text, "took_s": 0.2, "alone": True},
        {"kind": "guess", "t": 1.2, "text": text},
        {"kind": "ended", "t": 1.4, "text": text, "silence_s": 0.4, "why": why},
        {"kind": "speaking", "t": 1.8},
        {"kind": "caption", "t": 1.9, "text": text},
        {"kind": "hold", "t": 2.0},
        {"kind": "go_on", "t": 2.2, "sound": text, "why": overlap},
        {"kind": "stop", "t": 2.3, "why": overlap},
        {"kind": "said", "t": 2.5, "role": "assistant", "text": text, "interrupted": False},
        {
            "kind": "turn",
            "t": 2.5,
            "turn": 1,
            "interrupted": True,
            "stages": [stage],
            "total_ms": 9,
        },
        {"kind": "typed", "t": 3, "text": text},
        {"kind": "tool", "t": 3, "name": text},
        {"kind": text, "t": 4, "text": text},
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup_or_script(text: str, write: Callable[..., Path]) -> None:
    clean, hostile = Parsed(), Parsed()
    limits = {"limits": ["none"]}
    engines = {"stt": text, "began": text}
    clean.feed(page({**tell(load(write(*everywhere("speech"))), []), **limits}))
    hostile.feed(page({**tell(load(write(*everywhere(text), head=engines)), []), **limits}))
    assert hostile.tags == clean.tags
    assert not hostile.handlers
    assert hostile.scripts[1] == clean.scripts[1], "the page's own script is as it was"
    assert json.loads(hostile.scripts[0])["said"][0]["text"] == text, "it is shown as it is"


def test_the_page_lets_no_other_script_run_and_loads_nothing(write: Callable[..., Path]) -> None:
    html = page({**tell(load(write(*everywhere("speech"))), []), "limits": []})
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", html)
    script = html[html.rindex("<script>") :]
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in script


# What is in the picture of a room.


def room_lines(text: str) -> list[dict[str, Any]]:
    """A line of each kind of a room that holds text, and those that it takes to be shown."""
    return [
        {"kind": "joined", "t": 0.1, "person": 1, "back": False},
        {"kind": "track", "t": 0.1, "track": 1, "person": 1},
        {"kind": "track", "t": 0.1, "track": 2, "person": 0, "language": text, "without": 1},
        {"kind": "announced", "t": 0.1, "person": 1},
        {"kind": "languages", "t": 0.1, "person": 1, "speaks": text, "hears": text},
        {"kind": "sound", "t": 1, "track": 1, "at": 0, "samples": 160, "level_db": [-20.0]},
        {
            "kind": "clause", "t": 2, "track": 1, "number": 1, "begin": 0.5, "end": 1.5,
            "text": text, "language": text, "corrects": False,
        },
        {"kind": "shown", "t": 2, "track": 1, "number": 1, "target": ""},
        {
            "kind": "translation", "t": 2.2, "track": 1, "numbers": [1], "target": text,
            "text": text, "works": True, "corrects": False,
        },
        {"kind": "shown", "t": 2.3, "track": 1, "number": 1, "target": text},
        {
            "kind": "speaking", "t": 3, "track": 2, "of": 1, "numbers": [1], "text": text,
            "speed": 1.2, "shortened": True, "corrected": False,
        },
        {"kind": "agent", "t": 3, "track": 2, "at": 3, "samples": 240, "level_db": [-20.0]},
        {
            "kind": "said", "t": 4, "track": 2, "role": "assistant", "text": text,
            "interrupted": False,
        },
        {"kind": "left_out", "t": 4, "track": 2, "of": 1, "numbers": [1], "why": text},
        {"kind": "notice", "t": 4, "text": text, "level": text, "people": [1]},
        {"kind": "track_over", "t": 5, "track": 1},
    ]  # fmt: skip


ROOM = {"job": "interpret"}
SVG_TAGS = {"svg", "style", "rect", "path", "circle", "text", "title"}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup_in_the_picture_of_a_room(
    text: str, write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(*room_lines(text), head=ROOM | {"began": text})
    assert cli.main(["replay", str(file), "--transcript", str(tmp_path / "talk.vtt")]) == 0
    drawn = ElementTree.fromstring((tmp_path / "call.svg").read_text())
    assert {tag.tag.partition("}")[2] for tag in drawn.iter()} == SVG_TAGS
    names = {name for tag in drawn.iter() for name in tag.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name]
    assert text.isprintable() == any(text in (tag.text or "") for tag in drawn.iter())
    cue = (tmp_path / "talk.vtt").read_text().split("<v Person 1>")[1].partition("</v>")[0]
    assert "<" not in cue
    assert "\x1b[31m" not in capsys.readouterr().out


def test_a_picture_is_not_written_through_a_link_to_another_file(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    for name in ("call.svg", "talk.srt", "talk.wav"):
        (tmp_path / name).symlink_to(precious)
    sound = {"kind": "sound", "t": 1, "track": 1, "at": 0, "level_db": [-20.0], "pcm": "AAAA"}
    file = str(write(*room_lines("speech"), sound, head=ROOM))
    for argv in ([], ["--transcript", "talk.srt"], ["--sound", "talk.wav"]):
        paths = [str(tmp_path / arg) if "." in arg else arg for arg in argv]
        assert cli.main(["replay", file, *paths]) == 2
    assert precious.read_text() == "mine"


# What a file that is none does to its reader.


BROKEN = (
    None,
    [],
    {},
    "",
    "x" * 9,
    "\ud800",
    -1,
    1e300,
    1e999,
    True,
    [1e999],
    ["loud"],
    [{}],
    {"text": 1},
)


def whole_lines() -> dict[str, dict[str, Any]]:
    """A line of each kind as it should be."""
    made = {line["kind"]: line for line in everywhere("speech") if line["kind"] in KINDS}
    hops = {
        "first": 0,
        "level_db": [-60.0],
        "floor_db": [-62.0],
        "probability": [0.1],
        "flags": "0",
    }
    return made | {
        "hops": {"kind": "hops", "t": 0.5, **hops, "pcm": "AAAA"},
        "agent": {"kind": "agent", "t": 1, "at": 0.5, "samples": 240, "level_db": [-20.0]},
        "failed": {"kind": "failed", "t": 1, "number": 1},
        "words": {"kind": "words", "t": 1, "text": "words", "upto": 0.9, "final": True},
        "unheard": {"kind": "unheard", "t": 1, "upto": 0.9},
        "judged": {"kind": "judged", "t": 1, "pause": 0.9, "probability": 0.4},
        "echo": {"kind": "echo", "t": 1, "hop": 1, "likeness": 0.9, "late_s": 0.2},
    }


@pytest.mark.parametrize("kind", [KIND, *sorted(whole_lines())])
def test_a_broken_line_is_one_clear_sentence(
    kind: str, write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    line = whole_lines().get(kind, HEAD)
    for field in set(line) - {"kind"}:
        for value in BROKEN:
            broken = line | {field: value}
            file = write(head=broken) if kind == KIND else write(broken)
            code = cli.main(["replay", str(file), "--with", "TURN_MIN_SILENCE_S=0.4"])
            told = capsys.readouterr().err
            assert code in (0, 2)
            assert not code or told.startswith("rejoinder replay: ")


@pytest.mark.parametrize("line", room_lines("speech"), ids=lambda line: str(line["kind"]))
def test_a_broken_line_of_a_room_is_one_clear_sentence(
    line: dict[str, Any], write: Callable[..., Path], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    others = [other for other in room_lines("speech") if other is not line]
    argv = ["--transcript", str(tmp_path / "talk.srt"), "--sound", str(tmp_path / "talk.wav")]
    for field in set(line) - {"kind"}:
        for value in (*BROKEN, [-1], [10**9], 10**9):
            for broken in (line | {field: value}, {k: v for k, v in line.items() if k != field}):
                file = write(*others, broken | {"pcm": "AAAA"}, head=ROOM)
                code = cli.main(["replay", str(file), *argv])
                told = capsys.readouterr().err
                assert code in (0, 2)
                assert not code or told.startswith("rejoinder replay: ")


@pytest.mark.parametrize("content", [b"", b"no gzip at all", gzip.compress(b"[]\n"), b"\x1f\x8b"])
def test_what_is_no_recording_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "none.jsonl.gz"
    file.write_bytes(content)
    with pytest.raises(RejoinderError):
        load(file)


@pytest.mark.parametrize(("limit", "texts"), [("_MOST_BYTES", 400), ("_MOST_LINE", 1)])
def test_a_file_that_unpacks_without_end_is_given_up(
    limit: str, texts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"agent.recorder.recording.{limit}", 1_000_000)
    file = tmp_path / "bomb.jsonl.gz"
    line = json.dumps({"kind": "heard", "t": 1, "text": "a" * (3_000_000 // texts)})
    lines = [json.dumps(HEAD), *[line] * texts]
    file.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    assert file.stat().st_size < 20_000
    with pytest.raises(RecordingError, match="longer"):
        load(file)


def test_a_redacted_file_holds_no_word_of_any_line(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    secret = "zanzibar"
    head = {"stt": "openai", "turn": {"min_silence_s": 0.4}}
    lines = [line | {"pcm": "AAAA"} for line in everywhere(secret) if line["kind"] != secret]
    for line in lines:
        if isinstance(line.get("why"), dict) and "wording" in line["why"]:
            line["why"]["wording"] = "plain"
        if line["kind"] == "go_on":
            line["sound"] = "noise"
        if line["kind"] == "turn":
            line["stages"] = []
    out = tmp_path / "clean.jsonl.gz"
    redact(write(*lines, {"kind": "later", "t": 5, "notes": [{"of": secret}]}, head=head), out)
    text = gzip.decompress(out.read_bytes()).decode()
    assert secret not in text
    assert "pcm" not in text
    assert json.dumps(REDACTED)[1:-1] in text
    assert load(out).redacted
    assert os.stat(out).st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        redact(write(*lines), out)
