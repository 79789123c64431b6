"""What a hotline over documents answers: pure, and read from the conversation alone.

Nothing is remembered between turns. What was said last, and how far it was heard, is found by
looking the agent's own words up in the passages, so an interrupted answer goes on at the
sentence that was cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent.documents.passage import Passage
from agent.documents.ranking import Hit, PassageIndex, Query
from agent.documents.small_talk import Intent, intent_of, is_chinese, without_lead_in
from agent.llm.handbook.places import Place, Places


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation."""

    role: Literal["user", "assistant"]
    text: str
    """Of an interrupted answer: the part that was heard."""
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say."""

    sentences: tuple[str, ...]
    source: Passage | None = None
    """Where it was found; None for what is not from the documents."""


class Hotline:
    """Answers from an index of passages. Immutable; may be used from several threads."""

    def __init__(self, index: PassageIndex, *, max_sentences: int, min_match: float) -> None:
        """Say at most `max_sentences` at once, from passages that cover `min_match`."""
        self._index = index
        self._places = Places(index.passages)
        self._length = max_sentences
        self._min_match = min_match

    def answer(self, turns: Sequence[Turn]) -> Answer:
        """Answer the last turn of the caller, or introduce the hotline if there is none."""
        if not turns or turns[-1].role != "user":
            return self._introduction(chinese=False)
        before, question = list(turns[:-1]), turns[-1].text
        chinese = is_chinese(question)
        intent = intent_of(question)
        if intent is None:
            question = without_lead_in(question)
            intent = intent_of(question)
        match intent:
            case None:
                found = self._found(question, before) or self._found_joined(question, before)
                return found or self._unknown(question, chinese)
            case Intent.MORE:
                return self._more(before, chinese)
            case Intent.REPEAT:
                return self._again(before, chinese)
            case Intent.HELP:
                return self._introduction(chinese)
            case _:
                return Answer((_SAY[intent][chinese],))

    def _found(self, question: str, before: list[Turn]) -> Answer | None:
        query = self._index.query(question)
        match = self._in_context(question, query, before)
        match = match or self._index.best(query, length=self._length)
        if match is None or match.coverage < self._min_match:
            return None
        return self._say(match.number, match.start)

    def _found_joined(self, question: str, before: list[Turn]) -> Answer | None:
        """Answer a question that a pause parted into two messages."""
        if not before or before[-1].role != "user" or intent_of(before[-1].text) is not None:
            return None
        return self._found(f"{before[-1].text} {question}", before[:-1])

    def _in_context(self, question: str, query: Query, before: list[Turn]) -> Hit | None:
        """Find what "how do I change it?" means after the last answer."""
        if not query.terms or not query.refers:
            return None
        place, _ = self._last_place(before)
        if place is None:
            return None
        wider = self._index.query(question, about=self._index.passages[place.number])
        match = self._index.best(wider, length=self._length)
        # The topic alone would answer any question with what was just said.
        if match is None or not self._index.has_any(match.number, query.terms):
            return None
        return match if match.coverage >= self._min_match else None

    def _more(self, before: list[Turn], chinese: bool) -> Answer:
        place, _ = self._last_place(before)
        if place is None:
            return self._last_question(before) or self._introduction(chinese)
        return self._say_from(place) or self._exhausted(place, chinese)

    def _say_from(self, place: Place) -> Answer | None:
        """Go on after a place: in its passage, then in the next one of the same page."""
        number, start = place.number, place.next
        passage = self._index.passages[number]
        if start < len(passage.sentences):
            return self._say(number, start)
        following = self._index.passages[number + 1 : number + 2]
        if not following or following[0].path != passage.path:
            return None
        answer = self._say(number + 1, 0)
        if following[0].title == passage.title:
            return answer
        # Without its heading the next section's answer would answer nothing.
        return Answer((_as_sentence(following[0].title), *answer.sentences), answer.source)

    def _again(self, before: list[Turn], chinese: bool) -> Answer:
        place, turn = self._last_place(before[-1:])
        if place is not None:
            whole = place.next if turn is not None and not turn.interrupted else None
            return self._say(place.number, place.first, until=whole)
        said = next((turn.text for turn in reversed(before) if turn.role == "assistant"), "")
        return Answer((said,)) if said.strip() else self._introduction(chinese)

    def _last_question(self, before: list[Turn]) -> Answer | None:
        """Answer the last question once more: so little was heard that its place is lost."""
        for i in range(len(before) - 1, -1, -1):
            if before[i].role == "user" and intent_of(before[i].text) is None:
                return self._found(without_lead_in(before[i].text), before[:i])
        return None

    def _last_place(self, before: Sequence[Turn]) -> tuple[Place | None, Turn | None]:
        for turn in reversed(before):
            if turn.role == "assistant":
                place = self._places.place_of(turn.text)
                if place is not None:
                    return place, turn
        return None, None

    def _say(self, number: int, start: int, *, until: int | None = None) -> Answer:
        passage = self._index.passages[number]
        end = start + self._length if until is None else until
        return Answer(passage.sentences[start:end], passage)

    def _introduction(self, chinese: bool) -> Answer:
        topics = _listed(self._index.pages[:3], chinese)
        if chinese:
            return Answer((f"我根据文档回答问题。你可以问我：{topics}。",))
        return Answer((f"I answer from documents. You can ask me about {topics}.",))

    def _unknown(self, question: str, chinese: bool) -> Answer:
        query = self._index.query(question)
        if not query.terms:
            return self._introduction(chinese)
        topics = _listed(self._pages_near(query), chinese)
        if chinese:
            return Answer((f"这个我不知道。你可以问我：{topics}。",))
        return Answer(("I know nothing about that.", f"You could ask me about {topics}."))

    def _exhausted(self, place: Place, chinese: bool) -> Answer:
        page = self._index.passages[place.number].page
        others = [title for title in self._index.pages if title != page][:2]
        topics = _listed(others, chinese)
        if chinese:
            more = f"你还可以问我：{topics}。" if topics else ""
            return Answer((f"关于{page}，我就知道这些。{more}",))
        about = f"That is all I know about {_in_a_sentence(page)}."
        return Answer((about, f"You could ask me about {topics}.") if topics else (about,))

    def _pages_near(self, query: Query) -> list[str]:
        """Two pages to offer: the one nearest to the question first."""
        nearest = self._index.best(query, length=self._length)
        pages = [self._index.passages[nearest.number].page] if nearest is not None else []
        return list(dict.fromkeys([*pages, *self._index.pages]))[:2]


_SAY: dict[Intent, tuple[str, str]] = {
    Intent.GREETING: ("Hello! What would you like to know?", "你好！你想了解什么？"),
    Intent.THANKS: ("You're welcome.", "不客气。"),
    Intent.FAREWELL: ("Goodbye!", "再见！"),
    Intent.STOP: ("Okay.", "好的。"),
    Intent.ASSENT: ("All right. What would you like to know?", "好的。你想了解什么？"),
}
"""Per intent: in English, in Chinese."""


def _listed(titles: Sequence[str], chinese: bool) -> str:
    if chinese:
        return "、".join(titles)
    named = [_in_a_sentence(title) for title in titles]
    if len(named) < 2:
        return "".join(named)
    return f"{', '.join(named[:-1])} or {named[-1]}"


def _as_sentence(title: str) -> str:
    return title if title[-1:] in "?!.？！。" else f"{title}."


def _in_a_sentence(title: str) -> str:
    """A title within a sentence: not capitalised, unless its first word is a name."""
    first = title.split(" ", 1)[0]
    return title[0].lower() + title[1:] if first[1:].islower() or first == "A" else title
