"""How soon our language model's server begins to answer a next turn.

    python -m benchmarks.first_token MODEL.gguf [--threads 2] [--out FILE]

One conversation of eight turns over the real server with a real model, streamed: seconds from the
request to the first word, and words a second; first on an idle machine, then while recogniser and
voice of another call work (our own servers, without a pause). Each reply is cut after some words,
as a caller cuts it, and goes into the history as it was heard.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx

from benchmarks.bench import rounded
from benchmarks.texts import EN
from testbed.programs import running

INSTRUCTIONS = (
    "You are a voice assistant on a phone call. Answer in one to three short spoken sentences, "
    "without lists, markdown or emoji. You work for the Hotel Alma in Lisbon. Breakfast is from "
    "seven to half past ten on the first floor. The pool on the roof is open until nine in the "
    "evening. Rooms are free from three in the afternoon, and guests leave until eleven. Parking "
    "costs eighteen euros a night. Dogs are welcome for ten euros. The next metro station is "
    "Rato, five minutes on foot. The airport is twenty minutes away by taxi, which costs about "
    "fifteen euros. Late arrivals ring at the door; somebody is there all night."
)
QUESTIONS = (
    "Hello, when is breakfast?",
    "And how long is the pool open?",
    "Can I bring my dog?",
    "What does the taxi to the airport cost?",
    "Is there a metro station close by?",
    "When do I have to leave my room?",
    "I arrive at two in the morning, is that a problem?",
    "How much is the parking?",
)
_HEARD_WORDS = 25
_START_S = 120.0

Message = dict[str, str]


@contextlib.contextmanager
def server(module: str, folder: Path, *argv: str, **environ: str) -> Iterator[str]:
    """One of our servers on a free port; its address."""
    name = module.rpartition(".")[2]
    command = [sys.executable, "-m", module, "--port", "0", *argv]
    with running(name, command, folder=folder, env=environ) as program:
        url = program.wait_line("listening on ").rpartition(" ")[2]
        program.wait_ready(f"{url}/ready", timeout_s=_START_S)
        yield url


async def reply(
    http: httpx.AsyncClient, messages: list[dict[str, str]]
) -> tuple[str, float, float]:
    """The words of a reply as far as they were heard, seconds to the first, words a second."""
    began = time.perf_counter()
    first, text = 0.0, ""
    body = {"messages": messages, "stream": True, "temperature": 0, "max_tokens": 80}
    async with http.stream("POST", "/v1/chat/completions", json=body) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                continue
            choices = json.loads(line.removeprefix("data: "))["choices"]
            piece = choices[0]["delta"].get("content") if choices else None
            if piece and not first:
                first = time.perf_counter() - began
            text += piece or ""
            if len(text.split()) >= _HEARD_WORDS:
                break
    took = time.perf_counter() - began - first
    return text, first, len(text.split()) / took if took else 0.0


async def conversation(url: str) -> list[dict[str, Any]]:
    """All turns, one after the other."""
    messages = [{"role": "system", "content": INSTRUCTIONS}]
    turns = []
    headers = {"X-Client": str(time.monotonic_ns())}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as http:
        for question in QUESTIONS:
            messages.append({"role": "user", "content": question})
            text, first_s, pace = await reply(http, messages)
            messages.append({"role": "assistant", "content": text})
            turns.append({"first_s": first_s, "words_per_s": pace, "said": text})
    return turns


@contextlib.asynccontextmanager
async def another_call(whisper: str, tts: str) -> AsyncIterator[None]:
    """A recogniser and a voice that work without a pause."""
    async with httpx.AsyncClient(timeout=60) as http:

        async def work() -> None:
            number = 0
            while True:
                sentence = EN.questions[number % len(EN.questions)]
                number += 1
                spoken = await http.post(f"{tts}/v1/audio/speech", json={"input": sentence})
                spoken.raise_for_status()
                files = {"file": ("a.wav", spoken.content)}
                heard = await http.post(f"{whisper}/v1/audio/transcriptions", files=files)
                heard.raise_for_status()

        async with asyncio.TaskGroup() as group:
            task = group.create_task(work())
            yield
            task.cancel()


def summary(turns: list[dict[str, Any]]) -> dict[str, float]:
    """What the first turn took, and those after it."""
    firsts = sorted(turn["first_s"] for turn in turns[1:])
    return {
        "first_turn_s": turns[0]["first_s"],
        "next_p50_s": statistics.median(firsts),
        "next_worst_s": firsts[-1],
        "words_per_s": statistics.median(turn["words_per_s"] for turn in turns),
    }


def show(name: str, found: dict[str, float]) -> None:
    """Print a summary."""
    print(
        f"{name}: first turn {found['first_turn_s']:.2f} s; next ones p50 "
        f"{found['next_p50_s']:.2f} s, worst {found['next_worst_s']:.2f} s; "
        f"{found['words_per_s']:.0f} words a second",
        flush=True,
    )


async def run(args: argparse.Namespace) -> None:
    """Both conversations."""
    argv = ["--model", args.model, "--threads", str(args.threads)]
    argv += ["--prompt-threads", str(args.prompt_threads)]
    with (
        tempfile.TemporaryDirectory() as made,
        server(
            "model_servers.llm", folder := Path(made), *argv, SERVE_LLM_INSTRUCTIONS=INSTRUCTIONS
        ) as llm,
    ):
        turns = await conversation(llm)
        found = {"idle": summary(turns)}
        show("idle", found["idle"])
        for turn in turns:
            print(f"    {turn['said']!r}")
        settings = ("--no-page", "--window", "fit", "--cpu-threads", "1", "--concurrency", "2")
        with (
            server("model_servers.whisper", folder, *settings) as whisper,
            server("model_servers.tts", folder) as tts,
        ):
            async with another_call(whisper, tts):
                found["beside another call"] = summary(await conversation(llm))
                show("beside another call", found["beside another call"])
    if args.out:
        record = {"first_token": rounded(found), "model": Path(args.model).name}
        record |= {"threads": args.threads, "cores": os.cpu_count()}
        args.out.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("model", metavar="MODEL.gguf")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--prompt-threads", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where the results are written")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
