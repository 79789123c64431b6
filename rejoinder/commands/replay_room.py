"""`rejoinder replay` of a room: a table, a picture, a transcript, its sound."""

import argparse

from rich.console import Console
from rich.markup import escape

from agent.errors import ConfigError
from agent.recorder.recorded_room import room_of
from agent.recorder.recording import Recording
from rejoinder.commands.private_files import write_private
from rejoinder.replay.room.sound_file import write_wav
from rejoinder.replay.room.table import summary, table_of
from rejoinder.replay.room.timeline import timeline
from rejoinder.replay.room.transcript import FORMATS, cues


def show(recording: Recording, args: argparse.Namespace) -> str:
    """Print who said what when; returns the picture, and writes what else `args` ask for.

    Raises:
        ConfigError: a transcript has another ending than those that there are.
        RecordingError: sound is wanted that is not there.
        OSError: a file cannot be written.
    """
    room = room_of(recording)
    console = Console(highlight=False)
    console.print(table_of(room))
    console.print(summary(room))
    if not recording.whole:
        console.print("[yellow]Parts of the recording are missing.[/]")
    if args.transcript is not None:
        ending = args.transcript.suffix.lower()
        if ending not in FORMATS:
            raise ConfigError(f"--transcript {args.transcript}: should end in {', '.join(FORMATS)}")
        with write_private(args.transcript) as file:
            text = FORMATS[ending](cues(room, args.language))
            file.write(text.encode(errors="replace"))
        console.print(f"transcript: {escape(str(args.transcript))}", soft_wrap=True)
    if args.sound is not None:
        with write_private(args.sound) as file:
            tracks = write_wav(recording, room, file)
        channels = (
            f"{n} {f'person {track.person}' if track.person else f'voice {track.language}'}"
            for n, track in enumerate(tracks, 1)
        )
        console.print(f"sound: {escape(str(args.sound))}, channels: {escape(', '.join(channels))}")
    return timeline(recording)
