"""Joins a room and sends back what it hears: the path's own delay, without an agent.

    LIVEKIT_URL=… LIVEKIT_TOKEN=… python -m benchmarks.echo_participant

10 ms frames at 24 kHz, in and out.
"""

import asyncio
import os

from livekit import rtc

RATE_HZ = 24000


async def main() -> None:
    """Echo the first audio track of the room until it ends."""
    room = rtc.Room()
    tracks: asyncio.Queue[rtc.Track] = asyncio.Queue()
    room.on("track_subscribed", lambda track, *_: tracks.put_nowait(track))
    await room.connect(os.environ["LIVEKIT_URL"], os.environ["LIVEKIT_TOKEN"])
    source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=1000)
    track = rtc.LocalAudioTrack.create_audio_track("echo", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)
    print("ready", flush=True)
    stream = rtc.AudioStream(
        await tracks.get(), sample_rate=RATE_HZ, num_channels=1, frame_size_ms=10
    )
    async for event in stream:
        await source.capture_frame(event.frame)


if __name__ == "__main__":
    asyncio.run(main())
