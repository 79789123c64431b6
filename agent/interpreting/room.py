"""The people in a room, their tracks and languages: who is heard, and for whom."""

import asyncio
import itertools
import json
from collections import defaultdict
from functools import partial
from typing import Any

from livekit import rtc
from livekit.agents.job import DEFAULT_PARTICIPANT_KINDS

from agent.interpreting.cloning import Cloning
from agent.interpreting.engines import Engines
from agent.interpreting.heard_track import HeardTrack, SoundListener
from agent.interpreting.languages import Languages, LanguageWish, same, tag_of
from agent.interpreting.listeners import Listener
from agent.interpreting.outputs import Outputs
from agent.interpreting.recorded import Recorded
from agent.interpreting.voices import Voices
from agent.room_messages import RoomMessages
from agent.room_protocol import CLONE_VOICE, SET_LANGUAGE
from agent.tasks import CallTasks
from agent.telephone import is_telephone

NO_TRANSLATOR = "Nothing here translates: captions are in the languages that are spoken."
FAILED = "The translation has failed: captions go on in the language that is spoken."
UNHEARD = "Some words were not recognised: the recogniser fails, or is far behind."
_NOTICE_PAUSE_S = 10.0


class InterpretedRoom:
    """Hears everybody, and sees to what is written and said of it. All on the job's event loop."""

    def __init__(
        self,
        room: rtc.Room,
        tasks: CallTasks,
        languages: Languages,
        engines: Engines,
        outputs: Outputs,
        messages: RoomMessages,
        voices: Voices | None,
        cloning: Cloning,
        kept: Recorded,
    ) -> None:
        """Prepare; `watch` begins to listen. Without `voices` nothing is said.

        `kept` is told what happens.
        """
        self._room = room
        self._tasks = tasks
        self._languages = languages
        self._engines = engines
        self._outputs = outputs
        self._messages = messages
        self._voices = voices
        self._cloning = cloning
        self._kept = kept
        self._heard: dict[str, HeardTrack] = {}
        """By the track's sid."""
        self._numbers: dict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))
        """Of each person's clauses: a track that comes again goes on with them."""
        self.somebody = asyncio.Event()
        self.nobody = asyncio.Event()
        """One is set while there is somebody in the room, the other afterwards."""
        self.sound_listeners: list[SoundListener] = [kept.sound]
        """Each is given every person's sound."""
        if voices is not None:
            self.sound_listeners.append(voices.hear)
        self._told_at: dict[str, float] = {}

    def watch(self) -> None:
        """Take in who is there and what they send, and from now on who comes and goes."""
        room = self._room
        room.on("participant_connected", self._on_joined)
        room.on("participant_disconnected", self._on_gone)
        room.on("participant_attributes_changed", self._on_attributes)
        room.on("track_subscribed", lambda track, _, by: self._on_track(track, by))
        room.on("track_unsubscribed", lambda track, _, by: self._forget(track.sid))
        room.on("track_unpublished", lambda *_: self._arrange())
        for participant in room.remote_participants.values():
            self._on_joined(participant)
            for publication in participant.track_publications.values():
                if publication.track is not None:
                    self._on_track(publication.track, participant)

    def serve_requests(self) -> None:
        """Answer what clients ask: to take their languages, to be heard in their own voice."""
        me = self._room.local_participant
        me.register_rpc_method(SET_LANGUAGE, self._set_language)
        me.register_rpc_method(CLONE_VOICE, self._clone_voice)

    # Who is there.

    def _people(self) -> list[rtc.RemoteParticipant]:
        others = self._room.remote_participants.values()
        return [other for other in others if other.kind in DEFAULT_PARTICIPANT_KINDS]

    def _on_joined(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind in DEFAULT_PARTICIPANT_KINDS:
            self.somebody.set()
            self.nobody.clear()
            self._kept.joined(participant.identity)
            self._cloning.joined(participant.identity)
            self._languages.attributes(participant.identity, participant.attributes)
            self._arrange()

    def _on_gone(self, participant: rtc.RemoteParticipant) -> None:
        identity = participant.identity
        self._cloning.left(identity)
        for heard in [h for h in self._heard.values() if h.identity == identity]:
            self._forget(heard.track.sid)
        self._languages.left(identity)
        if participant.kind in DEFAULT_PARTICIPANT_KINDS:
            self._kept.left(identity)
        if not any(other.identity != identity for other in self._people()):
            self.somebody.clear()
            self.nobody.set()
        self._arrange(without=identity)

    def _on_attributes(self, _: object, participant: rtc.Participant) -> None:
        changed = self._languages.attributes(participant.identity, participant.attributes)
        if changed and participant.identity in self._room.remote_participants:
            self._languages_changed(participant.identity)

    async def _set_language(self, call: rtc.RpcInvocationData) -> str:
        try:
            asked: Any = json.loads(call.payload or "{}")
            if not isinstance(asked, dict):
                raise TypeError
            known = self._languages.of(call.caller_identity)
            wish = LanguageWish(
                tag_of(asked["speaks"]) if "speaks" in asked else known.speaks,
                tag_of(asked["hears"]) if "hears" in asked else known.hears,
            )
        except (ValueError, TypeError) as error:
            raise rtc.RpcError(
                400, 'send {"speaks": "en", "hears": "pt"}, with language tags, or one of both'
            ) from error
        self._languages.says(call.caller_identity, wish)
        self._languages_changed(call.caller_identity)
        return json.dumps({"speaks": wish.speaks, "hears": wish.hears or ""})

    async def _clone_voice(self, call: rtc.RpcInvocationData) -> str:
        identity = call.caller_identity
        return self._cloning.answer(identity, call.payload, self._microphone_of(identity))

    def _microphone_of(self, identity: str) -> HeardTrack | None:
        """What is heard of somebody themselves: the sound of a shared screen may be anybody's."""
        person = self._room.remote_participants.get(identity)
        published = person.track_publications if person is not None else {}
        screen = rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO
        own = [
            h
            for h in self._heard.values()
            if h.identity == identity
            and h.track.sid in published
            and published[h.track.sid].source != screen
        ]
        return own[0] if own else None

    def _languages_changed(self, identity: str) -> None:
        for heard in [h for h in self._heard.values() if h.identity == identity]:
            if heard.language != self._languages.spoken_by(identity):
                self._forget(heard.track.sid)
                self._listen(heard.track, identity)
        self._arrange()

    def _arrange(self, *, without: str = "") -> None:
        """See to it that each language that is wanted is written, and said, and no other."""
        wanted = self._languages.wanted
        if not self._engines.translates:
            if wanted and self._heard:
                self._notice(NO_TRANSLATOR)
        elif self._engines.into is None:
            for heard in self._heard.values():
                heard.want(wanted)
        people = [person for person in self._people() if person.identity != without]
        for person in people:
            speaks = self._languages.spoken_by(person.identity)
            hears = self._languages.heard_by(person.identity)
            self._kept.languages(person.identity, speaks=speaks, hears=hears)
        if self._voices is not None:
            self._voices.arrange(
                {person.identity: self._listener(person) for person in people},
                {heard.track.sid: heard.identity for heard in self._heard.values()},
            )

    def _listener(self, person: rtc.RemoteParticipant) -> Listener:
        hears = self._languages.heard_by(person.identity)
        phone = is_telephone(person)
        if phone and not self._translates_into(hears):
            # It would hear the originals low, and nothing else.
            hears = ""
        return Listener(self._languages.spoken_by(person.identity), hears, phone)

    def _translates_into(self, language: str) -> bool:
        if not self._engines.translates:
            return False
        into = self._engines.into
        targets = self._languages.wanted if into is None else (into,)
        return any(same(language, target) for target in targets)

    # What they say.

    def _on_track(self, track: rtc.Track, by: rtc.RemoteParticipant) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO and by.kind in DEFAULT_PARTICIPANT_KINDS:
            self._languages.attributes(by.identity, by.attributes)
            self._listen(track, by.identity)

    def _listen(self, track: rtc.Track, identity: str) -> None:
        if track.sid in self._heard:
            return
        language = self._languages.spoken_by(identity)
        heard = self._heard[track.sid] = HeardTrack(
            identity,
            track,
            language,
            speaker=partial(
                self._engines.speaker,
                language=language,
                numbers=self._numbers[identity].__next__,
                unheard=lambda: self._notice(UNHEARD),
            ),
            lane=partial(self._engines.lane, failed=lambda: self._notice(FAILED)),
            shown=self._outputs.clause,
            translated=self._outputs.translated,
            sounded=self._pass_on,
        )
        self._kept.track(heard)
        heard.start(self._tasks, lost=lambda: self._lose(heard))
        self._arrange()

    def _lose(self, heard: HeardTrack) -> None:
        """Who hears it in a mix is to hear it as it is."""
        if self._heard.get(heard.track.sid) is heard:
            self._forget(heard.track.sid)
            self._arrange()

    def _forget(self, sid: str) -> None:
        heard = self._heard.pop(sid, None)
        if heard is not None:
            heard.end()
            self._kept.track_over(heard)
            self._cloning.lost(heard)

    def _pass_on(self, heard: HeardTrack, frame: rtc.AudioFrame) -> None:
        for listener in self.sound_listeners:
            listener(heard, frame)

    def _notice(self, text: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told_at.get(text, now - _NOTICE_PAUSE_S) >= _NOTICE_PAUSE_S:
            self._told_at[text] = now
            self._messages.notice(text, stage="session", level="error")
