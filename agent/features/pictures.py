"""Pictures of the caller's for a model that sees: sent ones, and what their camera or screen shows.

A picture arrives as a byte stream of who is served and goes with their next question; a frame of
their video goes with each question, if nothing was sent with it. Both are put into what the model
is asked and nowhere else: not on a disk, nor in a recording, nor in what another job takes over.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Literal, get_args

from livekit import rtc
from livekit.agents import ConversationItemAddedEvent, llm

from agent.call.features import Feature, Surroundings
from agent.call.membership import BUSY
from agent.llm.sight import GLIMPSE, question_of
from agent.personas.persona import Persona
from agent.pictures.album import Album, Sent
from agent.pictures.lookout import Lookout
from agent.pictures.reading import MOST_PIXELS, NotTaken, in_thread, read_picture
from agent.pictures.uploads import read_upload
from agent.room_protocol import SEES, TOPIC_IMAGES, TOPIC_PICTURE
from agent.wording.lexicon import lexicon_of
from agent.wording.lexicon.picture_words import PictureWords

_EARLY_S = 5.0
"""A client may send before it is served; it is waited for so long, seconds."""
_ON_ITS_WAY_S = 3.0
"""A question waits so long for a picture that began to arrive before it, seconds."""
_MOST_READ = 32
"""Streams that are open at once; further ones are closed unread."""
_CAMERA = "(This is what the caller's camera shows at this moment.)"
_SCREEN = "(This is what the caller's screen shows at this moment.)"
_TrackEvent = Literal[
    "track_published",
    "track_unpublished",
    "track_subscribed",
    "track_unsubscribed",
    "track_muted",
    "track_unmuted",
]
_TRACKS_CHANGED: tuple[_TrackEvent, ...] = get_args(_TrackEvent)


@dataclass(frozen=True, slots=True, eq=False)
class _Upload:
    reader: rtc.ByteStreamReader
    identity: str
    sent: Sent | None
    """None: there are too many."""


class Pictures(Feature):
    """Of one call."""

    def __init__(self, call: Surroundings) -> None:
        """Take pictures from before the room is joined; `run` reads them."""
        self._call = call
        self._options = options = call.settings.pictures
        self._album = Album(per_question=options.per_question, turns=options.turns)
        self._lookout = Lookout(longest_px=options.longest_px)
        self._uploads: asyncio.Queue[_Upload] = asyncio.Queue()
        self._open: set[_Upload] = set()
        self._caller = ""
        """Identity of who is served; empty: nobody is there."""
        self._pictures_of = ""
        """Whose the album is."""
        self._served = asyncio.Event()
        self._blind = False
        """The model has refused a picture."""
        self._glimpse: tuple[str, llm.ChatMessage] | None = None
        """The last one, with the id of its question: tools may make several requests of one."""
        for topic in (TOPIC_IMAGES, TOPIC_PICTURE):
            call.room.register_byte_stream_handler(topic, self._on_stream)
        call.session.on("conversation_item_added", self._on_item)

    # What the model is shown.

    async def brief(self, history: llm.ChatContext) -> None:
        """Put in what was sent with the newest questions, or what is seen now."""
        if not self._call.cast.persona.sees:
            return
        question = question_of(history)
        if question is not None:
            await self._album.arrived(question, within_s=_ON_ITS_WAY_S)
        self._album.place(history)
        if question is None or self._album.has(question):
            return
        glimpse = await self._glimpse_at(question)
        if glimpse is not None:
            # Others may have added to the history meanwhile.
            place = next(n for n, item in enumerate(history.items) if item.id == question.id)
            history.items.insert(place, glimpse)

    async def _glimpse_at(self, question: llm.ChatMessage) -> llm.ChatMessage | None:
        if self._glimpse is not None and self._glimpse[0] == question.id:
            return self._glimpse[1]
        told = _SCREEN if self._lookout.is_screen else _CAMERA
        picture = await self._lookout.picture()
        if picture is None:
            return None
        glimpse = llm.ChatMessage(
            role="user",
            content=[picture.content(), told],
            extra={GLIMPSE: True},
            created_at=question.created_at,
        )
        self._glimpse = (question.id, glimpse)
        return glimpse

    def unseen(self) -> None:
        """Look at nothing any more: the model would not see it."""
        self._blind = True
        if self._lookout.looks:
            self._call.notices.notice(self._words.blind, stage="llm", level="info")
        self._look()

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role == "user":
            self._album.entered(item)

    # Who is served, and by whom.

    def began(self) -> None:
        """Follow the caller's video, and say whether pictures are looked at."""
        self._look()
        for event in _TRACKS_CHANGED:
            self._call.room.on(event, lambda *_: self._look())

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """Pictures of somebody else are nothing to them."""
        if self._pictures_of not in ("", caller.identity):
            self._album.clear()
        self._caller = self._pictures_of = caller.identity
        self._served.set()
        self._look()

    def left(self, identity: str) -> None:
        """They may come back, to their pictures too."""
        self._caller = ""
        self._served.clear()
        self._look()

    def became(self, persona: Persona) -> None:
        """It may have another model, and may see or not."""
        self._blind = False
        self._look()

    def gone(self) -> None:
        """Look at nothing, and close what is not read yet."""
        self._caller = ""
        self._look()
        for upload in self._open:
            upload.reader.close()

    def _look(self) -> None:
        sees = self._call.cast.persona.sees and not self._blind and not self._is_handbook
        self._call.notices.announce({SEES: "true" if sees else ""})
        watches = self._watches(self._call.cast.persona) and not self._blind
        there = self._call.room.remote_participants
        self._lookout.look_at(there.get(self._caller) if watches else None)

    @property
    def _is_handbook(self) -> bool:
        return all(choice.engine == "handbook" for choice in self._call.settings.llm)

    def _watches(self, persona: Persona) -> bool:
        """Whether the caller's video is for this persona."""
        video = self._options.video
        wished = video == "on" or (video == "auto" and persona.shelved is not None)
        return wished and persona.sees

    # What is sent.

    async def run(self) -> None:
        """Read what is sent, and keep the newest frame."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lookout.run(), name="lookout")
            while True:
                upload = await self._uploads.get()
                group.create_task(self._take(upload), name="read-picture")

    def _on_stream(self, reader: rtc.ByteStreamReader, identity: str) -> None:
        if len(self._open) >= _MOST_READ:
            reader.close()
            return
        upload = _Upload(reader, identity, self._album.expect(time.time()))
        self._open.add(upload)
        self._uploads.put_nowait(upload)

    async def _take(self, upload: _Upload) -> None:
        """Read a picture, and tell its sender what has become of it."""
        try:
            told = await self._read(upload)
        except NotTaken as error:
            told = {"state": "refused", "why": error.why, "text": self._text_of(error)}
            self._call.notices.notice(
                told["text"], stage="session", level="info", to=[upload.identity]
            )
        finally:
            self._open.discard(upload)
            upload.reader.close()
            if upload.sent is not None:
                self._album.give_up(upload.sent)
        told["id"] = upload.reader.info.stream_id
        self._call.notices.publish(TOPIC_PICTURE, told, to=[upload.identity])

    async def _read(self, upload: _Upload) -> dict[str, Any]:
        if not await self._serves(upload.identity):
            raise NotTaken("not_served")
        if not self._call.cast.persona.sees:
            raise NotTaken("unwanted")
        if upload.sent is None:
            raise NotTaken("too_many")
        most_bytes = round(self._options.max_mb * 1e6)
        data = await read_upload(upload.reader, most_bytes=most_bytes)
        picture = await in_thread(lambda: read_picture(data, longest_px=self._options.longest_px))
        self._album.put(upload.sent, picture)
        return {"state": "taken", "width": picture.width, "height": picture.height}

    async def _serves(self, identity: str) -> bool:
        """Whether this person is served; who has just come is, in a moment."""
        try:
            async with asyncio.timeout(_EARLY_S):
                await self._served.wait()
        except TimeoutError:
            return False
        return identity == self._caller

    def _text_of(self, error: NotTaken) -> str:
        if error.why == "not_served":
            return BUSY
        text: str = getattr(self._words, error.why)
        return text.format(
            mb=f"{self._options.max_mb:g}",
            mp=MOST_PIXELS // 10**6,
            most=self._options.per_question,
        )

    @property
    def _words(self) -> PictureWords:
        return lexicon_of(self._call.cast.persona.language).pictures


def feature(call: Surroundings) -> Feature | None:
    """None: pictures are switched off."""
    return Pictures(call) if call.settings.pictures.pictures else None
