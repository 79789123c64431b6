"""`rejoinder replay`: what a recording holds, of a call or of a captioned or interpreted room."""

import argparse
import webbrowser
from pathlib import Path

from agent.errors import ConfigError
from agent.recorder.recording import load, redact
from rejoinder.commands import replay_call, replay_room
from rejoinder.commands.private_files import write_private


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which recording, and what to make of it."""
    parser.add_argument(
        "file",
        type=Path,
        help="recording of a call, or of a captioned or interpreted room, that was held with "
        "RECORD=events (it holds all words of all) or RECORD=audio (and their sound)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="OUT",
        help="what to write: a page of a call (.html), a picture of a room (.svg); default: beside "
        "the recording",
    )
    parser.add_argument(
        "--with",
        dest="others",
        action="append",
        default=[],
        metavar="TURN_NAME=VALUE[,…]",
        help="decide a call again under other settings of turn-taking and say what would have "
        "been; may be given several times, each is one way",
    )
    parser.add_argument(
        "--transcript",
        type=Path,
        metavar="OUT.txt|.srt|.vtt",
        help="write what was said in a room, and its translations, as text or subtitles",
    )
    parser.add_argument(
        "--language",
        default="",
        metavar="TAG",
        help="with --transcript: in this language alone, for example pt",
    )
    parser.add_argument(
        "--sound",
        type=Path,
        metavar="OUT.wav",
        help="write the sound of a room: a channel for each track",
    )
    parser.add_argument(
        "--redact",
        type=Path,
        metavar="OUT.jsonl.gz",
        help="write the recording without words and sound, levels and times stay, and nothing else",
    )
    parser.add_argument(
        "--open", action="store_true", help="show the page, or the picture, in the browser"
    )


def run(args: argparse.Namespace) -> int:
    """Write the page or the picture, and what else was asked for."""
    if args.redact is not None:
        redact(args.file, args.redact)
        print(f"without words and sound: {args.redact}")
        return 0
    recording = load(args.file)
    if recording.of_room:
        if args.others:
            raise ConfigError(
                f"{args.file} is of a room: it has no turns that --with could decide again"
            )
        shown, ending = replay_room.show(recording, args), ".svg"
    else:
        for name in ("transcript", "sound"):
            if getattr(args, name) is not None:
                raise ConfigError(
                    f"{args.file} is of a call: its page has what --{name} would write"
                )
        shown, ending = replay_call.show(recording, args.others), ".html"
    out = args.out or args.file.with_name(args.file.name.partition(".")[0] + ending)
    with write_private(out) as file:
        file.write(shown.encode())
    print(f"{'picture' if recording.of_room else 'page'}: {out}")
    if args.open:
        webbrowser.open(out.resolve().as_uri())
    return 0
