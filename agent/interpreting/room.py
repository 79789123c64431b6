"""The people in a room, their tracks and languages: who is heard, what is made of it."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from livekit import rtc
from livekit.agents.job import DEFAULT_PARTICIPANT_KINDS
from livekit.agents.types import NOT_GIVEN

from agent.call.parts import Parts
from agent.call.session import limits_of
from agent.interpreting.captions import Caption, Captions
from agent.interpreting.languages import Languages, LanguageWish, same, tag_of
from agent.interpreting.pace import CaptionPace
from agent.interpreting.speaker import Clause, Speaker
from agent.interpreting.track_ear import hear
from agent.interpreting.translations import Lane, Translated
from agent.room_protocol import SET_LANGUAGE, TOPIC_NOTICE
from agent.settings.load import Settings
from agent.tasks import CallTasks, undivided
from agent.translate.stt.engine import HeardTranslated
from agent.translate.translator import Translator
from agent.turns.asking import Asking
from agent.turns.recogniser import Recogniser
from agent.turns.recognisers import recogniser_for
from agent.turns.tongue import told_by_words, tongue_of
from agent.turns.words import tokens

logger = logging.getLogger(__name__)

NO_TRANSLATOR = "Nothing here translates: captions are in the languages that are spoken."
FAILED = "The translation has failed: captions go on in the language that is spoken."
_NOTICE_PAUSE_S = 10.0


@dataclass(eq=False)
class _Heard:
    """One track that is listened to."""

    identity: str = field(repr=False)
    sid: str
    track: rtc.Track
    language: str
    tongue: str = ""
    """The language of what they said, by its words."""
    speaker: Speaker | None = None
    hearing: asyncio.Task[None] | None = None
    lanes: dict[str, tuple[Lane, asyncio.Task[None]]] = field(default_factory=dict)


class CaptionedRoom:
    """Hears everybody, and shows what they say. All on the job's event loop."""

    def __init__(
        self,
        room: rtc.Room,
        parts: Parts,
        settings: Settings,
        tasks: CallTasks,
        languages: Languages,
        glossary: Mapping[str, str],
    ) -> None:
        """Prepare; `watch` begins to listen."""
        self._room = room
        self._parts = parts
        self._settings = settings
        self._tasks = tasks
        self._languages = languages
        self._glossary = glossary
        # Whisper, the only other one that translates by itself, knows one language to write in.
        self._into = str(getattr(settings.stt[0].options, "target_language", "") or "en")
        self.captions = Captions(room, tasks)
        self._heard: dict[str, _Heard] = {}
        self._numbers: dict[str, int] = {}
        """Of each person's next clause: a track that comes again goes on with it."""
        self.somebody = asyncio.Event()
        self.nobody = asyncio.Event()
        """One is set while there is somebody in the room, the other afterwards."""
        self._told_at: dict[str, float] = {}

    def watch(self) -> None:
        """Take in who is there and what they send, and from now on who comes and goes."""
        room = self._room
        room.on("participant_connected", self._on_joined)
        room.on("participant_disconnected", self._on_gone)
        room.on("participant_attributes_changed", self._on_attributes)
        room.on("track_subscribed", lambda track, _, by: self._on_track(track, by))
        room.on("track_unsubscribed", lambda track, _, by: self._forget(track.sid))
        for participant in room.remote_participants.values():
            self._on_joined(participant)
            for publication in participant.track_publications.values():
                if publication.track is not None:
                    self._on_track(publication.track, participant)

    def serve_requests(self) -> None:
        """Answer the remote procedure call by which a client says its languages."""
        self._room.local_participant.register_rpc_method(SET_LANGUAGE, self._set_language)

    # Who is there.

    def _on_joined(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind in DEFAULT_PARTICIPANT_KINDS:
            self.somebody.set()
            self.nobody.clear()
            self._languages.attributes(participant.identity, participant.attributes)
            self._arrange()

    def _on_gone(self, participant: rtc.RemoteParticipant) -> None:
        self._languages.left(participant.identity)
        for heard in [h for h in self._heard.values() if h.identity == participant.identity]:
            self._forget(heard.sid)
        others = self._room.remote_participants.values()
        if not any(
            p.kind in DEFAULT_PARTICIPANT_KINDS and p.identity != participant.identity
            for p in others
        ):
            self.somebody.clear()
            self.nobody.set()

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
        return json.dumps({"speaks": wish.speaks, "hears": wish.hears})

    def _languages_changed(self, identity: str) -> None:
        for heard in [h for h in self._heard.values() if h.identity == identity]:
            if heard.language != self._languages.spoken_by(identity):
                self._forget(heard.sid)
                self._listen(heard.track, identity)
        self._arrange()

    # What they say.

    def _on_track(self, track: rtc.Track, by: rtc.RemoteParticipant) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO and by.kind in DEFAULT_PARTICIPANT_KINDS:
            self._languages.attributes(by.identity, by.attributes)
            self._listen(track, by.identity)

    def _listen(self, track: rtc.Track, identity: str) -> None:
        if track.sid in self._heard:
            return
        heard = _Heard(identity, track.sid, track, self._languages.spoken_by(identity))
        self._heard[track.sid] = heard
        self._arrange()
        heard.hearing = self._tasks.carry(
            partial(self._hear, heard),
            name="hear-track",
            lost=lambda: logger.error("a track is heard no longer"),
        )

    async def _hear(self, heard: _Heard) -> None:
        heard.speaker = Speaker(
            self._recogniser(heard.language),
            self._parts.detector(),
            language=heard.language,
            told=partial(self._said, heard),
            first=self._numbers.get(heard.identity, 1),
        )
        await hear(heard.track, heard.speaker)

    def _forget(self, sid: str) -> None:
        heard = self._heard.pop(sid, None)
        if heard is None:
            return
        if heard.hearing is not None:
            heard.hearing.cancel()
        for _, translating in heard.lanes.values():
            translating.cancel()

    def _said(self, heard: _Heard, clause: Clause) -> None:
        translated = isinstance(self._parts.translator, HeardTranslated)
        if clause.final:
            self._numbers[heard.identity] = max(
                clause.number + 1, self._numbers.get(heard.identity, 1)
            )
        language = clause.language or self._guess(heard, clause.text)
        if translated:
            language = self._into
        self.captions.show(
            Caption(
                _segment(heard, clause.number),
                clause.text,
                heard.identity,
                heard.sid,
                language,
                "translation" if translated else "original",
                clause.final,
            )
        )
        if clause.final and clause.text and not translated:
            for target, (lane, _) in heard.lanes.items():
                if not same(target, language):
                    lane.add(replace(clause, language=language))

    def _guess(self, heard: _Heard, text: str) -> str:
        """The language of words whose recogniser does not tell it."""
        words = tokens(text)
        surely = told_by_words(words)
        heard.tongue = surely or heard.tongue
        if heard.tongue:
            return heard.tongue
        likely = tongue_of(words)
        return likely.code if likely is not None else ""

    # What is made of it.

    def _arrange(self) -> None:
        """Have a lane for each speaker and language that is wanted, and no other."""
        translator = self._parts.translator
        wanted = self._languages.wanted
        if translator is None:
            if wanted and self._heard:
                self._notice(NO_TRANSLATOR)
            return
        if isinstance(translator, HeardTranslated):
            return
        for heard in self._heard.values():
            for target in [t for t in heard.lanes if t not in wanted]:
                _, translating = heard.lanes.pop(target)
                translating.cancel()
            for target in wanted:
                if target not in heard.lanes:
                    heard.lanes[target] = self._lane(heard, translator, target)

    def _lane(
        self, heard: _Heard, translator: Translator, target: str
    ) -> tuple[Lane, asyncio.Task[None]]:
        first = self._settings.translate[0]
        lane = Lane(
            translator,
            target,
            timeout_s=sum(choice.timeout_s for choice in self._settings.translate),
            retries=first.max_retries if len(self._settings.translate) == 1 else 0,
            glossary=self._glossary,
            told=partial(self._translated, heard),
            failed=lambda _: self._notice(FAILED),
        )
        running = self._tasks.carry(
            lane.run, name="translate", lost=lambda: logger.error("a language is lost")
        )
        return lane, running

    def _translated(self, heard: _Heard, translated: Translated) -> None:
        of = _segment(heard, translated.number)
        self.captions.show(
            Caption(
                f"{of}-{translated.target}",
                translated.text,
                heard.identity,
                heard.sid,
                translated.target,
                "translation",
                final=True,
                of=of,
                untranslated=not translated.works,
            )
        )

    def _recogniser(self, language: str) -> Recogniser:
        return recogniser_for(
            self._parts.stt,
            limits=limits_of(self._settings.stt),
            language=language or NOT_GIVEN,
            asking=lambda _: Asking(CaptionPace()),
            delays=self._parts.stt_delays,
        )

    def _notice(self, text: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told_at.get(text, now - _NOTICE_PAUSE_S) < _NOTICE_PAUSE_S:
            return
        self._told_at[text] = now
        message = json.dumps({"level": "error", "stage": "session", "text": text})
        sending = self._room.local_participant.send_text(message, topic=TOPIC_NOTICE)
        self._tasks.inform(_whole(sending), name="notice")


async def _whole(sending: Any) -> None:
    await undivided(sending, name="send-notice")


def _segment(heard: _Heard, number: int) -> str:
    return f"{heard.sid}-{number}"
