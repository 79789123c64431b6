"""Whether questions find their passages: by words, by meaning, by both; and how long it takes.

    python -m benchmarks.retrieval --out benchmarks/results/retrieval-1.json

Two collections: this project's documents, and Python's (its language reference and the docstrings
of its standard library). Two sets of questions on each (`benchmarks/questions/`): `other_words` are
those of people who do not know how it is called, `natural` those of people who have heard of it.
All were written before their first run; what was tuned was tuned on the half marked `tune`, and
`held` was looked at in the report alone.

A question names the passages that answer it: `answers` is one place, or some, that its writer had
in mind. For `also`, both halves' documents were searched for terms of the answer (`because`), and
what answers as well was named, without looking at what a search of ours returns. Figures are of
both: `labelled` of the first, `every_answer` of all.

A look-up is what a call does, `Library.search`, with its least match: what is not sure enough is
not found. `recall@3` is the share of questions of which one of the first three passages is one of
the right ones; MRR the mean of 1/rank within ten. Small talk and questions about other things are
looked up too, to see how often something is found for them.

Times are of 10,000 passages: looking up with the vectors of passages made up, as their numbers make
no difference; that of a question's own vector apart.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.documents.building import Built, Document, Progress, embed_all, read_all
from agent.documents.embedding.embedder import Embedder, build, unit
from agent.documents.library import Library, open_library
from agent.documents.meaning import MeaningIndex, pieces_of
from agent.documents.passage import Passage
from agent.documents.store import Store
from agent.options.documents import DocumentsOptions
from benchmarks import retrieval_texts
from benchmarks.bench import rounded

QUESTIONS = Path(__file__).parent / "questions"
COLLECTIONS = {"project": retrieval_texts.project, "python": retrieval_texts.python}
_SETS = {"other_words": "", "natural": "-natural"}
"""Sets of questions, and how their files' names end."""
_PARTS = ("collections", "times")
_RANKS = 10
_TIMED = 10_000
"""Passages of the timed look-ups."""
_TIMED_QUESTIONS = 200

Search = Callable[[str], Awaitable[Sequence[Passage]]]


@dataclass(frozen=True)
class Question:
    """A question, and where it is answered: `path`, `path#title` or a title."""

    question: str
    answers: frozenset[str]
    every_answer: frozenset[str]
    part: str


def questions_of(name: str) -> list[Question]:
    """The questions of a file."""
    rows = json.loads((QUESTIONS / f"{name}.json").read_text("utf-8"))
    return [
        Question(
            row["question"],
            frozenset(row["answers"]),
            frozenset((*row["answers"], *row.get("also", ()))),
            row["part"],
        )
        for row in rows
    ]


def place_of(answers: frozenset[str], found: Sequence[Passage]) -> int | None:
    """The place of the first passage that answers, from 1."""
    for place, passage in enumerate(found, 1):
        names = {passage.path, f"{passage.path}#{passage.title}", passage.title}
        if not names.isdisjoint(answers):
            return place
    return None


def check_answers(questions: Sequence[Question], documents: Sequence[Document]) -> None:
    """See that each answer names a passage that there is."""
    passages = [passage for document in documents for passage in document.passages]
    names = {p.path for p in passages} | {p.title for p in passages}
    names |= {f"{p.path}#{p.title}" for p in passages}
    if missing := {answer for q in questions for answer in q.every_answer} - names:
        raise SystemExit(f"no passage is called {', '.join(sorted(missing))}")


async def figures(questions: Sequence[Question], search: Search) -> dict[str, Any]:
    """Recall and mean reciprocal rank, by the labelled places and by every answer."""
    found = [await search(question.question) for question in questions]
    pairs = list(zip(questions, found, strict=True))
    return {
        "questions": len(questions),
        "labelled": _shares([place_of(q.answers, passages) for q, passages in pairs]),
        "every_answer": _shares([place_of(q.every_answer, passages) for q, passages in pairs]),
    }


def _shares(places: Sequence[int | None]) -> dict[str, float]:
    within = {
        f"recall@{k}": sum(p is not None and p <= k for p in places) / len(places) for k in (1, 3)
    }
    return within | {"mrr": sum(1 / p for p in places if p is not None) / len(places)}


async def collection(name: str, cache: Path, said: Sequence[str]) -> dict[str, Any]:
    """All figures of one collection."""
    sets = {kind: questions_of(name + ending) for kind, ending in _SETS.items()}
    with tempfile.TemporaryDirectory() as folder:
        COLLECTIONS[name](Path(folder))
        result: dict[str, Any] = {}
        searches: dict[str, Search] = {}
        libraries: dict[str, Library] = {}
        for way, embeddings in (("words", "off"), ("both", "local")):
            options = DocumentsOptions(embeddings=embeddings, cache=cache)
            began = time.perf_counter()
            library = open_library((folder,), options, report=_shown)
            result[f"build_s_{way}"] = time.perf_counter() - began
            libraries[way] = library
            searches[way] = _by_library(library)
        both = DocumentsOptions(embeddings="local", cache=cache)
        searches["meaning"] = _by_meaning(libraries["both"], both, Store(cache))
        for questions in sets.values():
            check_answers(questions, libraries["words"].documents)
        result["documents"] = len(libraries["words"].documents)
        result["passages"] = sum(len(d.passages) for d in libraries["words"].documents)
        for kind, questions in sets.items():
            result[kind] = {
                way: {
                    part: await figures([q for q in questions if q.part == part], searches[way])
                    for part in ("tune", "held")
                }
                for way in ("words", "meaning", "both")
            }
        for way, library in libraries.items():
            found = [bool(await library.search(line)) for line in said]
            result[f"found_for_small_talk_{way}"] = sum(found) / len(found)
        return result


def _by_library(library: Library) -> Search:
    async def search(question: str) -> list[Passage]:
        return [found.passage for found in await library.search(question, limit=_RANKS)]

    return search


def _by_meaning(library: Library, options: DocumentsOptions, store: Store) -> Search:
    embedder = build(options)
    assert embedder is not None
    assert library.index is not None
    vectors = embed_all(library.documents, embedder, store, _shown)
    passages = library.index.passages
    index = MeaningIndex(vectors, passages)

    async def search(question: str) -> list[Passage]:
        near = index.near(await embedder.embed_question(question), embedder)
        return [passages[i] for i in np.argsort(-near.cosines)[:_RANKS].tolist()]

    return search


async def times(cache: Path) -> dict[str, Any]:
    """How long it takes to read, to index and to look up in 10,000 passages."""
    asked = [q.question for name in COLLECTIONS for q in questions_of(name)]
    asked = (asked * 2)[:_TIMED_QUESTIONS]
    with tempfile.TemporaryDirectory() as folder:
        for make in (*COLLECTIONS.values(), retrieval_texts.more):
            (inner := Path(folder) / make.__name__).mkdir()
            make(inner)
        options = DocumentsOptions(embeddings="local", cache=cache / "times")
        began = time.perf_counter()
        built = read_all((folder,), options, Store(options.cache), _silent)
        read_s = time.perf_counter() - began
        began = time.perf_counter()
        read_all((folder,), options, Store(options.cache), _silent)
        again_s = time.perf_counter() - began
    passages = [p for d in built.documents for p in d.passages][:_TIMED]
    if len(passages) < _TIMED:
        raise SystemExit(f"only {len(passages)} passages")
    built = Built((Document("", "", tuple(passages)),), (), 0)
    embedder = build(options)
    assert embedder is not None
    pieces = sum(1 for passage in passages for _ in pieces_of(passage))
    vectors = unit(np.random.default_rng(1).standard_normal((pieces, 384), dtype=np.float32))
    began = time.perf_counter()
    library = Library(built, embedder=None, vectors=None, min_match=0.0, trouble="")
    index_s = time.perf_counter() - began
    assert library.index is not None
    ways = ("words", "question_vector", "both_without_its_vector", "both")
    spent: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    known = _Known(embedder, {text: await embedder.embed_question(text) for text in asked})
    hybrid = Library(built, embedder=embedder, vectors=vectors, min_match=0.0, trouble="")
    without = Library(built, embedder=known, vectors=vectors, min_match=0.0, trouble="")
    for question in asked:
        spent["both_without_its_vector"].append(await _timed(without.search(question)))
        spent["words"].append(await _timed(library.search(question)))
        spent["question_vector"].append(await _timed(embedder.embed_question(question)))
        spent["both"].append(await _timed(hybrid.search(question)))
    sample = [piece for p in passages[:: _TIMED // 200] for piece in pieces_of(p)]
    began = time.perf_counter()
    embedder.embed_passages(sample, lambda done: None)
    embed_s = (time.perf_counter() - began) / len(sample)
    shown = {
        name: {
            "p50_ms": 1000 * statistics.median(wall for wall, _ in values),
            "p95_ms": 1000 * float(np.quantile([wall for wall, _ in values], 0.95)),
            "cpu_p50_ms": 1000 * statistics.median(cpu for _, cpu in values),
            "cpu_p95_ms": 1000 * float(np.quantile([cpu for _, cpu in values], 0.95)),
        }
        for name, values in spent.items()
    }
    return {
        "passages": _TIMED, "read_s": read_s, "read_again_s": again_s, "index_s": index_s,
        "pieces": pieces, "embedding_of_a_piece_ms": 1000 * embed_s, "look_up": shown,
    }  # fmt: skip


class _Known:
    """An embedder that knows the vectors of some questions beforehand."""

    def __init__(self, embedder: Embedder, vectors: dict[str, NDArray[np.float32]]) -> None:
        self.key, self.surely, self.hardly = embedder.key, embedder.surely, embedder.hardly
        self.embed_passages, self.aclose = embedder.embed_passages, embedder.aclose
        self._vectors = vectors
        self._any = next(iter(vectors.values()))

    async def embed_question(self, text: str) -> NDArray[np.float32]:
        return self._vectors.get(text, self._any)


async def _timed(wait: Awaitable[object]) -> tuple[float, float]:
    """Seconds by the clock, and of processors: the machine may have others' work to do."""
    cpu, began = time.process_time(), time.perf_counter()
    await wait
    return time.perf_counter() - began, time.process_time() - cpu


def _silent(progress: Progress) -> None:
    """Tell nobody."""


def _shown(progress: Progress) -> None:
    if progress.step == "embedding" and progress.done % 256 < 16:
        print(f"\r{progress.done}/{progress.total} passages", end="", file=sys.stderr, flush=True)


async def measured(cache: Path, parts: Sequence[str]) -> dict[str, Any]:
    """The report, or parts of it."""
    report: dict[str, Any] = {}
    if "collections" in parts:
        said = json.loads((QUESTIONS / "small-talk.json").read_text("utf-8"))
        found = {name: await collection(name, cache, said) for name in COLLECTIONS}
        report["collections"] = {"machine": _machine(), **found}
    if "times" in parts:
        report["times"] = {"machine": _machine(), **await times(cache)}
    return report


def _machine() -> dict[str, Any]:
    return {
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
    }


def main() -> None:
    """Measure, print, write down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, help="JSON file of the figures")
    parser.add_argument("--cache", type=Path, help="keep what is embedded here for another run")
    parser.add_argument(
        "--parts", nargs="+", choices=_PARTS, default=_PARTS,
        help="measure these; others stay in FILE as they are",
    )  # fmt: skip
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = rounded(asyncio.run(measured(args.cache or Path(folder), args.parts)))
    if args.out and args.out.exists():
        report = json.loads(args.out.read_text("utf-8")) | report
    text = json.dumps(report, indent=1)
    print(f"\n{text}")
    if args.out:
        args.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
