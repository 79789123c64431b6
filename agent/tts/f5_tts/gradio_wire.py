"""F5-TTS's Gradio page: a whole sound file for each text.

Source: SWivid/F5-TTS, src/f5_tts/infer/infer_gradio.py (`basic_tts`).
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

from agent.errors import ConfigError
from agent.remote.gradio.jobs import UPLOADS_FROM_MEMORY, PendingJob
from agent.tts.cloned_voices import Recording, VoicesFile, read_recordings, read_voices
from agent.tts.cloning import VoiceSample, as_file
from agent.tts.f5_tts.options import Options
from agent.tts.served.gradio_wire import GradioConnections
from agent.tts.served.refusals import no_such_voice
from agent.tts.served.wire import Answer, Wire

ENDPOINT = "/basic_tts"
RATE_HZ = 24000
LONGEST_S = 12.0
"""Of a recording; the model cuts it there."""
_SLOWEST, _FASTEST = 0.3, 2.0


def gradio_wire(options: Options) -> "F5GradioWire":
    """Read the voices; blocks.

    Raises:
        ConfigError: there are none, or something is wrong with them.
    """
    if options.voices is None:
        raise ConfigError(
            "TTS_VOICES is not set: name a file with a recording of the voice "
            "(docs/cloned-voices.md)"
        )
    file = read_voices(options.voices)
    file.check_has(options.voice)
    recordings = read_recordings(file)
    for name, recording in recordings.items():
        length_s = recording.length_s
        if length_s is not None and length_s > LONGEST_S and file.voices[name].text:
            raise file.complaint(
                name,
                "audio",
                f"audio: {recording.name} is {length_s:.1f} s long; F5-TTS cuts it at "
                f"{LONGEST_S:g} s, and its text would no longer be what is said",
            )
    server = GradioConnections(
        options.url, options.api_key, username=options.username, password=options.password
    )
    return F5GradioWire(options, file, recordings, server)


class F5GradioWire(Wire):
    """One voice of such a server."""

    server: GradioConnections

    def __init__(
        self,
        options: Options,
        file: VoicesFile,
        recordings: Mapping[str, Recording],
        server: GradioConnections,
    ) -> None:
        """Ask `server` as `options` say, with the voices of `file`."""
        self.server = server
        self.rate_hz = RATE_HZ
        self.stall_s = options.stall_s
        self._options = options
        self._file = file
        self._recordings = recordings
        self._name = options.voice or next(iter(recordings))

    @property
    def model(self) -> str:
        """The voice."""
        return f"F5-TTS, {self._name}"

    def speak(self, text: str) -> AbstractAsyncContextManager[Answer]:
        """Ask for a text."""
        return self.server.answer(self._job(text), rate_hz=self.rate_hz)

    def with_voice(self, voice: str, *, speed: float) -> "F5GradioWire":
        """Another voice of the file."""
        own = self._options
        changed = {"voice": voice or own.voice, "speed": own.speed * speed}
        options = own.model_copy(update=changed)
        return F5GradioWire(options, self._file, self._recordings, self.server)

    @property
    def clones(self) -> bool:
        """Where a recording can be sent without being written to a disk."""
        return UPLOADS_FROM_MEMORY

    def like(self, sample: VoiceSample, *, language: str, speed: float) -> "F5GradioWire":
        """Speaking like a recording of 12 s at most."""
        own = self._options
        options = own.model_copy(update={"voice": "", "speed": own.speed * speed})
        return F5GradioWire(options, *as_file(sample), self.server)

    def _job(self, text: str) -> PendingJob:
        own = self._options
        recording = self._recordings.get(self._name)
        if recording is None:
            raise no_such_voice(self._name, self._recordings)
        return PendingJob(
            ENDPOINT,
            recording.data,
            upload_name=recording.name,
            upload_as="ref_audio_input",
            named={
                "ref_text_input": self._file.voices[self._name].text,
                "gen_text_input": text,
                "remove_silence": False,
                "randomize_seed": own.seed is None,
                "seed_input": own.seed or 0,
                "cross_fade_duration_slider": 0.15,
                "nfe_slider": own.steps,
                "speed_slider": min(_FASTEST, max(_SLOWEST, own.speed)),
            },
            wants_file=True,
        )
