"""The microphone of the caller who is served, in whatever way their client names it."""

from livekit import rtc
from livekit.agents.voice.room_io._input import _ParticipantAudioInputStream
from livekit.agents.voice.room_io._pre_connect_audio import PreConnectAudioHandler

_BUFFER_S = 3.0
"""What a client recorded before it was heard is waited for so long, and may be so old, seconds."""


class _BufferedAudio(PreConnectAudioHandler):
    """Takes what people have recorded for their own tracks, and for nobody else's."""

    async def _read_audio_task(self, reader: rtc.ByteStreamReader, participant_id: str) -> None:
        sender = self._room.remote_participants.get(participant_id)
        track = (reader.info.attributes or {}).get("trackId")
        if sender is not None and track in sender.track_publications:
            await super()._read_audio_task(reader, participant_id)


class CallerTrack(_ParticipantAudioInputStream):
    """Audio of one participant at a time; `set_participant` says whose.

    A track without a source (the default of most SDKs, and of small devices) counts as a
    microphone while its owner publishes no track that is called one. The framework's RoomIO, which
    makes its input itself, takes named microphones alone.
    """

    def __init__(self, room: rtc.Room, *, rate_hz: int, frame_ms: int) -> None:
        """Mono at `rate_hz` in frames of `frame_ms`; takes no audio before `set_participant`."""
        self._buffered = _BufferedAudio(room, timeout=_BUFFER_S, max_delta_s=_BUFFER_S)
        self._buffered.register()
        super().__init__(
            room,
            sample_rate=rate_hz,
            num_channels=1,
            frame_size_ms=frame_ms,
            noise_cancellation=None,
            # Browsers and telephones have done it.
            auto_gain_control=False,
            pre_connect_audio_handler=self._buffered,
            track_source=[rtc.TrackSource.SOURCE_MICROPHONE, rtc.TrackSource.SOURCE_UNKNOWN],
        )

    async def aclose(self) -> None:
        """Stop listening for tracks."""
        await self._buffered.aclose()
        await super().aclose()

    def _on_track_available(
        self,
        track: rtc.RemoteTrack,
        publication: rtc.RemoteTrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> bool:
        if track.kind != rtc.TrackKind.KIND_AUDIO or (
            publication.source == rtc.TrackSource.SOURCE_UNKNOWN
            and any(_is_microphone(other) for other in participant.track_publications.values())
        ):
            return False
        return super()._on_track_available(track, publication, participant)


def _is_microphone(publication: rtc.RemoteTrackPublication) -> bool:
    return publication.source == rtc.TrackSource.SOURCE_MICROPHONE
