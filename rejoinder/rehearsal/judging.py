"""Holds a reply against what was expected of it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agent.call.written import CalledTool, Heard
from agent.wording.lexicon import code_of
from agent.wording.scripts import HAN, KANA
from agent.wording.sentences import Splitter
from agent.wording.tongues import language_of
from rejoinder.rehearsal.expectation import Expectation, Tool, Words
from rejoinder.rehearsal.findings import Finding
from rejoinder.rehearsal.refusals import turns_down

_WORD = re.compile(rf"[{HAN}{KANA}]|[^\W_{HAN}{KANA}]+(?:['’-][^\W_{HAN}{KANA}]+)*")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»」』)）]*\s*$")
_PASSAGE = 8
"""So many words in a row that the instructions have too are a passage of them."""
_NO_JUDGE = "no model judges: REHEARSE_JUDGE_URL or --judge-url"


class Judge(Protocol):
    """A model that judges."""

    async def __call__(self, criterion: str, *, said: str, reply: str) -> tuple[bool, str]:
        """Whether a reply to what was said meets a criterion, and why."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a reply is judged with, besides itself."""

    said: str
    instructions: str = ""
    """Of the persona that speaks."""
    never: Sequence[str] = ()
    prompts: Sequence[str] | None = None
    """What the scripted model was sent in this turn; None: none is scripted."""
    wits: bool = True
    """Whether a language model answers: neither a script nor the handbook."""
    judge: Judge | None = None
    unheard: frozenset[str] = frozenset()
    """Expectations that cannot be looked at in this kind of call, by name."""


async def judged(
    expectations: Sequence[Expectation], heard: Heard, around: Circumstances
) -> list[Finding]:
    """What was expected, each with its outcome, in the order of the file."""
    findings: list[Finding] = []
    for expected in expectations:
        named = [name for name in _CHECKS if getattr(expected, name) is not None]
        named += [name for name in ("refuses", "judge") if getattr(expected, name) is not None]
        for name in named:
            wanted = getattr(expected, name)
            what = _in_words(name, wanted)
            if expected.real_only and not around.wits:
                findings.append(Finding(what, "skipped", "a real model's wits"))
            elif name in around.unheard:
                findings.append(Finding(what, "skipped", "cannot be looked at by voice"))
            elif name in ("refuses", "judge"):
                findings.append(await _by_model(name, wanted, what, heard, around))
            else:
                findings.append(_looked_at(name, wanted, what, heard, around))
    if around.never:
        wrong = _lacks(around.never, heard, around)
        findings.append(_finding(_in_words("never", around.never), wrong))
    return findings


def _looked_at(name: str, wanted: Any, what: str, heard: Heard, around: Circumstances) -> Finding:
    if name in ("prompt_has", "prompt_lacks") and around.prompts is None:
        return Finding(what, "skipped", "only a scripted model tells what it was sent")
    return _finding(what, _CHECKS[name](wanted, heard, around))


def _finding(what: str, wrong: str) -> Finding:
    return Finding(what, "failed", wrong) if wrong else Finding(what, "passed")


async def _by_model(
    name: str, wanted: Any, what: str, heard: Heard, around: Circumstances
) -> Finding:
    if around.judge is not None:
        criterion = wanted if name == "judge" else (
            "The reply turns the caller's request down, politely or not, and does not do it."
        )  # fmt: skip
        holds, why = await around.judge(criterion, said=around.said, reply=heard.text)
        return Finding(what, "passed" if holds else "failed", "" if holds else why)
    if name == "judge":
        return Finding(what, "skipped", _NO_JUDGE)
    match turns_down(heard.text):
        case None:
            return Finding(what, "skipped", f"words of this language are not known; {_NO_JUDGE}")
        case True:
            return Finding(what, "passed")
    return Finding(what, "failed", "it has no word of refusal")


# What is wrong with a reply; empty: nothing.


def _contains(wanted: Words, heard: Heard, around: Circumstances) -> str:
    lacking = [text for text in wanted.all or () if not _has(heard.text, text)]
    if lacking:
        return f"it lacks {_listed(lacking)}"
    if wanted.any is not None and not any(_has(heard.text, text) for text in wanted.any):
        return "it has none of them"
    return ""


def _lacks(unwanted: Sequence[str], heard: Heard, around: Circumstances) -> str:
    found = [text for text in unwanted if _has(heard.text, text)]
    return f"it has {_listed(found)}" if found else ""


def _matches(pattern: str, heard: Heard, around: Circumstances) -> str:
    found = re.search(pattern, heard.text, re.IGNORECASE | re.DOTALL)
    return "" if found else "it does not match"


def _language(tag: str, heard: Heard, around: Circumstances) -> str:
    if not heard.text:
        return "nothing was said"
    # A reply of a word or two tells no language: it may be the expected one.
    found = language_of(heard.text, code_of(tag))
    return "" if found == code_of(tag) else f"it is in another one ({found or 'not known'})"


def _at_most_words(most: int, heard: Heard, around: Circumstances) -> str:
    words = len(_WORD.findall(heard.text))
    return f"it has {words}" if words > most else ""


def _at_most_sentences(most: int, heard: Heard, around: Circumstances) -> str:
    splitter = Splitter()
    pieces = [*splitter.push(heard.text), *splitter.flush()]
    # A long sentence may come in several pieces.
    ends = [bool(_SENTENCE_END.search(piece)) for piece in pieces if _WORD.search(piece)]
    sentences = sum(ends) + (not ends[-1] if ends else 0)
    return f"it has {sentences}" if sentences > most else ""


def _source(wanted: str, heard: Heard, around: Circumstances) -> str:
    told = [str(text) for source in heard.sources for text in source.values()]
    if any(_has(text, wanted) for text in told):
        return ""
    return f"it was told from {_listed(told)}" if told else "no source was told"


def _tool(wanted: Sequence[Tool], heard: Heard, around: Circumstances) -> str:
    lacking = [tool for tool in wanted if not any(_is_call(tool, use) for use in heard.tools)]
    if not lacking:
        return ""
    used = [f"{use.name}({json.dumps(use.arguments, ensure_ascii=False)})" for use in heard.tools]
    return f"called: {', '.join(used) or 'none'}"


def _is_call(wanted: Tool, use: CalledTool) -> bool:
    return (
        wanted.name == use.name
        and use.allowed
        and all(
            name in use.arguments and _is_like(value, use.arguments[name])
            for name, value in wanted.arguments.items()
        )
    )


def _is_like(wanted: Any, given: Any) -> bool:
    if isinstance(wanted, str) and isinstance(given, str):
        return _has(given, wanted)
    if isinstance(wanted, dict) and isinstance(given, dict):
        return all(key in given and _is_like(value, given[key]) for key, value in wanted.items())
    return bool(wanted == given)


def _no_tool(unwanted: bool | Sequence[str], heard: Heard, around: Circumstances) -> str:
    # What the model asks for and may not have is not done: that is no call.
    called = [use.name for use in heard.tools if use.allowed]
    found = [name for name in called if isinstance(unwanted, bool) or name in unwanted]
    return f"called: {', '.join(found)}" if found else ""


def _in_role(unwanted: bool | Sequence[str], heard: Heard, around: Circumstances) -> str:
    if not isinstance(unwanted, bool):
        wrong = _lacks(unwanted, heard, around)
        if wrong:
            return wrong
    passage = _shared_passage(heard.text, around.instructions)
    return f"it says of its instructions: {passage}" if passage else ""


def _shared_passage(reply: str, instructions: str) -> str:
    told = _WORD.findall(instructions.lower())
    known = {tuple(told[i : i + _PASSAGE]) for i in range(len(told) - _PASSAGE + 1)}
    said = _WORD.findall(reply.lower())
    for start in range(len(said) - _PASSAGE + 1):
        if tuple(said[start : start + _PASSAGE]) in known:
            return " ".join(said[start : start + _PASSAGE])
    return ""


def _persona(name: str, heard: Heard, around: Circumstances) -> str:
    return "" if heard.persona == name else f"it is {heard.persona or 'none'}"


def _within_s(most: float, heard: Heard, around: Circumstances) -> str:
    took = heard.first_word_s
    if took is None:
        return "no model was asked"
    return f"it took {took:.2f} s" if took > most else ""


def _prompt_has(wanted: Sequence[str], heard: Heard, around: Circumstances) -> str:
    lacking = [text for text in wanted if not _has("\n".join(around.prompts or ()), text)]
    return f"it lacks {_listed(lacking)}" if lacking else ""


def _prompt_lacks(unwanted: Sequence[str], heard: Heard, around: Circumstances) -> str:
    found = [text for text in unwanted if _has("\n".join(around.prompts or ()), text)]
    return f"it has {_listed(found)}" if found else ""


_CHECKS: dict[str, Any] = {
    "contains": _contains,
    "not_contains": _lacks,
    "matches": _matches,
    "language": _language,
    "at_most_words": _at_most_words,
    "at_most_sentences": _at_most_sentences,
    "source": _source,
    "tool": _tool,
    "no_tool": _no_tool,
    "in_role": _in_role,
    "persona": _persona,
    "within_s": _within_s,
    "prompt_has": _prompt_has,
    "prompt_lacks": _prompt_lacks,
}


def _has(text: str, part: str) -> bool:
    return _plain(part) in _plain(text)


def _plain(text: str) -> str:
    return " ".join(text.replace("’", "'").casefold().split())


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)


def _in_words(name: str, wanted: Any) -> str:
    label = name.replace("_", " ")
    return " ".join([label, *_said(wanted)])


def _said(wanted: Any) -> Iterator[str]:
    match wanted:
        case True:
            return
        case str():
            yield f"“{wanted}”"
        case Words():
            if wanted.all:
                yield _listed(wanted.all)
            if wanted.any:
                yield f"any of {_listed(wanted.any)}"
        case [Tool(), *_]:
            for tool in wanted:
                arguments = json.dumps(tool.arguments, ensure_ascii=False) if tool.arguments else ""
                yield f"{tool.name} {arguments}".strip()
        case [*_]:
            yield _listed(wanted)
        case _:
            yield str(wanted)
