"""What of a model's text is meant for the caller: no thoughts, no tool calls, no template marks.

Models write their thoughts into the answer in a dozen dialects, and tool calls when the server
does not know the model's own. Text passes as it comes; only what may be the beginning of a mark
waits for the next piece.

Some chat templates write the beginning of the thought themselves, so that the answer holds only
its end. What came before such an end was thought; it can be withheld only when that is known
beforehand (`begins_in_thought`), for example from the answer before.

Sources: the reasoning and tool parsers of vLLM and SGLang; the model cards of DeepSeek-R1, QwQ,
Qwen3, Magistral, Kimi-VL, Seed-OSS, Command A, Gemma 4; https://github.com/openai/harmony.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

_TAGS = ("think", "thinking", "thought", "thoughts", "reasoning", "reflection", "seed:think")
_THOUGHTS: Final = {f"<{tag}>": f"</{tag}>" for tag in _TAGS} | {
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|start_thinking|>": "<|end_thinking|>",
    "<|channel>thought": "<channel|>",
}
"""Beginnings and ends of thoughts, in small letters."""

_END_OF_ANSWER = "\0"
"""Stands for an end that only the end of the answer is."""

_CALLS: Final = {
    "<tool_call>": "</tool_call>",
    "<tool_calls>": "</tool_calls>",
    "<function_call>": "</function_call>",
    "<function=": "</function>",
    "<minimax:tool_call>": "</minimax:tool_call>",
    "<start_function_call>": "<end_function_call>",
    "<|tool_call>": "<tool_call|>",
    "<|tool_calls_section_begin|>": "<|tool_calls_section_end|>",
    "<｜tool▁calls▁begin｜>": "<｜tool▁calls▁end｜>",
    "<|tool_call|>": _END_OF_ANSWER,
    "<|python_tag|>": _END_OF_ANSWER,
    "[tool_calls]": _END_OF_ANSWER,
}
"""Beginnings and ends of tool calls."""

_MARKS: Final = frozenset(
    (
        "<answer>", "</answer>", "<response>", "</response>", "<final>", "</final>",
        "<|start_response|>", "<|end_response|>", "<|begin_of_solution|>", "<|end_of_solution|>",
        "<|end|>", "<|return|>", "<|message|>", "<|im_end|>", "<|eot_id|>", "<|endoftext|>",
        "<end_of_turn>", "<eos>", "</s>",
    )
)  # fmt: skip
"""Left out, and what stands between them is kept."""

_CHANNEL = "<|channel|>"
_TURN = "<|start|>"
_BODY = "<|message|>"
_HARMONY_ENDS = ("<|end|>", "<|return|>", "<|call|>", _CHANNEL, _TURN)
_NAKED_ANALYSIS = re.compile(r"analysis(?=[^\sa-z])")
_NAKED_FINAL = "assistantfinal"
"""What is left of Harmony when a server takes out the special tokens."""

_OUTSIDE = (*_THOUGHTS, *_THOUGHTS.values(), *_CALLS, *_MARKS, _CHANNEL, _TURN)


def _any_of(marks: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(marks, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)


_ANY_OUTSIDE = _any_of(_OUTSIDE)
_BEGINNINGS = re.compile(r"[<\[◁]")
"""What every mark but Harmony's naked ones begins with."""
_FENCE = re.compile(r"```\w*\s*")
_DECODER = json.JSONDecoder()


@dataclass(slots=True)
class _Aside:
    """What the caller is not to hear, and where it ends."""

    ends: tuple[str, ...]
    kept: str | None
    """The text of a tool call so far; None: a thought, which nobody needs."""
    header: bool = False
    """Whether it is a Harmony header, which says what follows it."""


class SpokenText:
    """Takes one answer piece by piece and gives what is for the caller."""

    def __init__(self, *, begins_in_thought: bool = False) -> None:
        """Begin an answer; with `begins_in_thought` nothing passes before the thought's end."""
        self._unread = ""
        self._aside: _Aside | None = None
        self._held: str | None = "" if begins_in_thought else None
        self._lead: str | None = ""
        self._out: list[str] = []
        self._marked = False
        self.calls: list[str] = []
        """The texts of tool calls that were written into the answer."""
        self.began_in_thought: bool | None = None
        """Whether the answer began with a thought that had no beginning; None: no telling."""

    def feed(self, text: str) -> str:
        """Take the next piece; gives what may be spoken now."""
        waiting = self._unread or self._aside or self._lead is not None or self._held is not None
        if not waiting and not _BEGINNINGS.search(text):
            return text  # the usual case: words, of which none can be a mark's beginning
        self._unread += text
        while self._step():
            pass
        return self._given()

    def end(self, *, cut: bool = False) -> str:
        """Give what is left at the answer's end; `cut`: the server ended it too early."""
        unread, self._unread = self._unread, ""
        if self._aside is None:
            self._pass(unread)
        elif self._aside.kept is not None:
            self.calls.append(self._aside.kept + unread)
        if self._held is not None and not cut:
            # Late, but not lost.
            self._answer_begins()
            self.began_in_thought = False
        if self._lead and not self._is_object(ended=True):
            self._out.append(self._lead.lstrip())
        return self._given()

    def thought_apart(self) -> None:
        """Thoughts come in a field of their own: none are in the text."""
        if self._held is not None:
            self._answer_begins()
        self.began_in_thought = False

    def _given(self) -> str:
        given = "".join(self._out)
        self._out.clear()
        return given

    def _step(self) -> bool:
        """Read up to the next mark; False when more must come first."""
        ends = self._aside.ends if self._aside is not None else None
        found = (_ANY_OUTSIDE if ends is None else _any_of(ends)).search(self._unread)
        if found is None:
            keep = _beginning_of_mark(self._unread, _OUTSIDE if ends is None else ends)
            at = len(self._unread) - keep
            passed, self._unread = self._unread[:at], self._unread[at:]
            aside = self._aside
            self._read(passed)
            return self._aside is not aside
        before, self._unread = self._unread[: found.start()], self._unread[found.end() :]
        self._read(before)
        self._meet(found[0].lower())
        return True

    def _read(self, text: str) -> None:
        if self._aside is None:
            self._pass(text)
        elif self._aside.kept is not None:
            self._aside.kept += text

    def _meet(self, mark: str) -> None:
        aside, self._aside = self._aside, None
        if aside is not None and aside.header:
            self._aside = _after_header(aside.kept or "", mark)
            if self._aside is None and mark == _BODY:
                self._answer_begins()
            return
        if aside is not None and aside.kept is not None:
            self.calls.append(aside.kept)
        if mark in (_CHANNEL, _TURN):
            self._begin_aside(_Aside((_BODY, _CHANNEL), "", header=True))
        elif aside is not None:
            return
        elif mark in _THOUGHTS:
            self._begin_aside(_Aside((_THOUGHTS[mark],), None))
        elif mark in _CALLS:
            kept = mark if mark == "<function=" else ""
            self._begin_aside(_Aside((_CALLS[mark],), kept))
        elif mark in _THOUGHTS.values():
            self._thought_ended()
        self._marked = self._marked or mark not in _MARKS

    def _begin_aside(self, aside: _Aside) -> None:
        if self._held is not None:
            self._answer_begins()
        if not self._marked and self.began_in_thought is None:
            self.began_in_thought = False
        self._marked = True
        self._aside = aside

    def _thought_ended(self) -> None:
        """An end without a beginning: what came before it in this answer was thought."""
        if self._marked:
            return
        self.began_in_thought = True
        self._held = None
        self._lead = ""
        self._out.clear()

    def _answer_begins(self) -> None:
        held, self._held = self._held, None
        if held:
            self._pass(held)

    def _pass(self, text: str) -> None:
        if self._held is not None:
            self._held += text
        elif self._lead is None:
            self._out.append(text)
        else:
            self._lead += text
            self._look_at_lead()

    def _look_at_lead(self) -> None:
        """See whether the answer begins with words, as it should."""
        assert self._lead is not None
        naked = _NAKED_ANALYSIS.match(self._lead.lstrip())
        if naked is not None and not self._marked:
            rest, self._lead = self._lead.lstrip()[naked.end() :], ""
            self._unread = rest + self._unread
            self._begin_aside(_Aside((_NAKED_FINAL,), None))
        elif self._lead.strip() and not (self._waits_for_analysis() or self._is_object()):
            self._out.append(self._lead.lstrip())
            self._lead = None

    def _waits_for_analysis(self) -> bool:
        assert self._lead is not None
        return not self._marked and "analysis".startswith(self._lead.strip())

    def _is_object(self, *, ended: bool = False) -> bool:
        """Whether what was read so far is, or may become, a JSON object; takes whole ones out."""
        while (found := self._first_object(ended=ended)) is None:
            if not (self._lead or "").strip():
                return True
        return found

    def _first_object(self, *, ended: bool) -> bool | None:
        """The same of its first one; None: it was whole, and is taken out."""
        assert self._lead is not None
        text = self._lead.lstrip()
        if "```".startswith(text[:3]):
            fence = _FENCE.match(text)
            if (fence is None or fence.end() == len(text)) and len(text) < len("```function_call"):
                return True
            text = text[fence.end() :] if fence is not None else text
        if not re.match(r"\{\s*(\"|$)|\[\s*(\{\s*(\"|$)|$)", text):
            return False
        try:
            _, end = (
                _DECODER.raw_decode(text) if ended or text.endswith(("}", "]", "`")) else (0, 0)
            )
        except (ValueError, RecursionError):
            end = 0
        if end:
            self.calls.append(text[:end])
            self._lead = text[end:].removeprefix("\n").removeprefix("```")
            return None
        if ended:
            self.calls.append(text)
        return True


def _after_header(header: str, mark: str) -> _Aside | None:
    """What follows a header of Harmony: the answer, a tool call, or a thought."""
    if mark == _CHANNEL:
        return _Aside((_BODY, _CHANNEL), "", header=True)
    if " to=" in f" {header}":
        name = header.partition("to=")[2].split()
        return _Aside(_HARMONY_ENDS, f"{name[0] if name else ''} ")
    if header.strip().lower().startswith("analysis"):
        return _Aside(_HARMONY_ENDS, None)
    return None


def _beginning_of_mark(text: str, marks: tuple[str, ...]) -> int:
    """How many characters at the text's end may be the beginning of a mark."""
    tail = text[-max(map(len, marks)) :].lower()
    for at, character in enumerate(tail):
        if character in "<[◁a" and any(mark.startswith(tail[at:]) for mark in marks):
            return len(tail) - at
    return 0
