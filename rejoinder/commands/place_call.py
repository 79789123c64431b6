"""`rejoinder call`: a caller without a browser."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from livekit import rtc
from rich.console import Console

from agent.costs.words import in_words
from agent.errors import ConfigError, EngineUnavailable
from agent.metadata import FIELDS
from agent.options.web import TalkOptions
from agent.settings.load import Settings, load
from agent.tasks import first_of
from rejoinder.demo import places, running
from rejoinder.scripted_caller.caller import Caller, CallLost, Exchange, NoAgentError, join
from rejoinder.scripted_caller.microphone import Pcm
from rejoinder.scripted_caller.script import Line, read_sound
from rejoinder.web import tokens

_INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
_REQUEST_S = 10.0
_SETTLE_S = 1.0
"""Captions and the turn's report follow the last sound by less than this."""

Script = Sequence[tuple[Line, Pcm]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is said, where, and what is kept."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE[@S]",
        help="sound file to speak (WAV, FLAC, MP3, Ogg Vorbis); each waits for the answer to "
        "the one before, or with @S is spoken over the agent, S seconds into its speech",
    )
    parser.add_argument(
        "--record", type=Path, metavar="OUT.wav", help="stereo WAV: left what was said, right heard"
    )
    parser.add_argument(
        "--url",
        help="http(s):// of a talk page, or ws(s):// of a LiveKit server whose key is in the "
        "settings; default: LIVEKIT_URL when set, else the talk page of the demo that runs on "
        "this machine, else the one at TALK_HOST and TALK_PORT",
    )
    parser.add_argument(
        "--room",
        default="",
        help="room to join; default: a new one; through a talk page its name gets an ending of "
        "its own, unless TALK_SHARED_ROOMS is set there",
    )
    parser.add_argument("--metadata", default="", help=tokens.METADATA_HELP)
    parser.add_argument(
        "--no-greeting", action="store_true", help="speak at once instead of hearing the greeting"
    )


def run(args: argparse.Namespace) -> int:
    """Hold the call and print it."""
    effective = load()
    lines = [Line.parse(argument) for argument in args.files]
    script = [(line, read_sound(line.file)) for line in lines]
    if args.record is not None and not args.record.resolve().parent.is_dir():
        raise ConfigError(f"the folder of {args.record} does not exist")
    try:
        return asyncio.run(_hold(args, effective, script))
    except KeyboardInterrupt:
        print("hung up", file=sys.stderr)
        return _INTERRUPTED


async def _hold(args: argparse.Namespace, effective: Settings, script: Script) -> int:
    url, token = await _admission(args, effective)
    greeted = bool(effective.agent.greeting) and not args.no_greeting
    try:
        async with (
            first_of(rtc.ConnectError, NoAgentError, CallLost, TimeoutError),
            join(url, token) as caller,
        ):
            printer = _Printer(caller)
            try:
                await caller.wait_for_agent()
                await _talk(caller, script, printer, greeted=greeted)
                printer.cost()
            finally:
                printer.captions()
                if args.record is not None:
                    await asyncio.to_thread(caller.record, args.record)
    except rtc.ConnectError as error:
        raise EngineUnavailable(
            f"cannot join {url}: {error}; is the LiveKit server running?"
        ) from None
    except (NoAgentError, CallLost) as error:
        raise EngineUnavailable(str(error)) from None
    except TimeoutError:
        raise EngineUnavailable("the agent did not answer in time; see the worker's log") from None
    return 0


async def _talk(caller: Caller, script: Script, printer: "_Printer", *, greeted: bool) -> None:
    if greeted:
        began = await caller.hearing.wait_for_sound(after=caller.hearing.began)
        if (after_s := script[0][0].interrupt_after_s) is not None:
            await _sleep_until(began + after_s)
        else:
            await caller.hearing.wait_for_silence(lasting_s=1.0)
    printer.captions()
    for number, (_, pcm) in enumerate(script):
        utterance = await caller.say(pcm)
        follower = script[number + 1][0] if number + 1 < len(script) else None
        if follower is None or follower.interrupt_after_s is None:
            exchange = await caller.wait_for_reply(utterance)
            await asyncio.sleep(_SETTLE_S)
        else:
            began = await caller.wait_for_answer(utterance)
            exchange = caller.measure(utterance)
            await _sleep_until(began + follower.interrupt_after_s)
        printer.captions()
        printer.exchange(number + 1, exchange)
        printer.reports()


async def _sleep_until(at: float) -> None:
    await asyncio.sleep(max(0.0, at - time.perf_counter()))


async def _admission(args: argparse.Namespace, effective: Settings) -> tuple[str, str]:
    """Where to join and with which token."""
    live, talk = effective.livekit, effective.talk
    url = args.url or live.url
    asked = {"room_name": args.room, **tokens.telling(args.metadata)}
    if not url:
        url = await asyncio.to_thread(_talk_page, talk)
    if url.startswith("ws"):
        if not (live.api_key and live.api_secret):
            raise ConfigError(
                f"LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be set to join {url} directly"
            )
        try:
            request = tokens.parse(asked, agent_name=effective.agent.name, may_ask=FIELDS)
        except tokens.RequestError as error:
            raise ConfigError(str(error)) from None
        return url, tokens.mint(request, effective)[1]
    headers = {"Authorization": f"Bearer {talk.secret.get_secret_value()}"} if talk.secret else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_REQUEST_S)) as http,
            http.post(f"{url.rstrip('/')}/api/token", json=asked, headers=headers) as answer,
        ):
            body = await answer.json(content_type=None)
            if not answer.ok:
                reason = body.get("error") if isinstance(body, dict) else answer.reason
                raise ConfigError(f"{url} gave no token: {reason}")
            return str(body["server_url"]), str(body["participant_token"])
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise EngineUnavailable(
            f"{url} gave no token ({type(error).__name__}); is `rejoinder demo` running? "
            "Another address: --url"
        ) from error


def _talk_page(talk: TalkOptions) -> str:
    """Address of the page of the demo that runs here, else of the one in the settings."""
    demo = running.latest(places.state_folder())
    return demo.talk_url if demo else f"http://{talk.host}:{talk.port}"


class _Printer:
    """Writes the call down as it happens; seconds since the caller joined."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._console = Console(highlight=False, soft_wrap=True)
        self._printed: set[str] = set()
        self._measured: dict[int, float | None] = {}
        self._turns = 0
        self._notices = 0

    def captions(self) -> None:
        """Print what both sides have said since the last time."""
        began = self._caller.hearing.began
        for caption in sorted(self._caller.log.captions, key=lambda c: c.began):
            if not caption.final or caption.segment in self._printed or not caption.text.strip():
                continue
            self._printed.add(caption.segment)
            who = "[cyan]agent[/]" if caption.by_agent else "[green]  you[/]"
            self._console.print(f"{caption.began - began:7.2f} s  {who}  {caption.text.strip()}")
        for notice in self._caller.log.notices[self._notices :]:
            self._console.print(f"{'':10} [red]notice[/]  {notice['text']}")
        self._notices = len(self._caller.log.notices)

    def exchange(self, number: int, exchange: Exchange) -> None:
        """Print what the caller measured around its own words."""
        parts: list[str] = []
        if exchange.barge_in_ms is not None:
            parts.append(f"agent silent {exchange.barge_in_ms:.0f} ms after you began")
        if exchange.voice_to_voice_ms is not None:
            parts.append(f"answer {exchange.voice_to_voice_ms:.0f} ms after you ended")
        self._note(f"turn {number}: {'; '.join(parts) or 'no answer'}")
        self._measured[number] = exchange.voice_to_voice_ms

    def reports(self) -> None:
        """Print where the worker's time went; a report comes when its reply has ended."""
        for report in self._caller.log.turns[self._turns :]:
            spans = [f"{s['stage']} {s['to_ms'] - s['from_ms']:.0f}" for s in report["stages"]]
            heard_ms = self._measured.get(report["turn"])
            if heard_ms is not None:
                spans.append(f"transport {heard_ms - report['total_ms']:.0f}")
            ended = ", interrupted" if report["interrupted"] else ""
            self._note(
                f"turn {report['turn']}{ended}: {report['total_ms']:.0f} ms in the worker "
                f"({', '.join(spans)})"
            )
        self._turns = len(self._caller.log.turns)

    def cost(self) -> None:
        """Print what the call has cost, as far as the worker has told."""
        if self._caller.log.costs:
            self._note(f"cost so far: {in_words(self._caller.log.costs[-1])}")

    def _note(self, text: str) -> None:
        self._console.print(f"{'':10} [dim]{text}[/]")
