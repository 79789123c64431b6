"""Where clauses go: to who reads, to who listens, and into the recording."""

from agent.interpreting.captions import Caption, Captions
from agent.interpreting.engines import Engines
from agent.interpreting.heard_track import HeardTrack
from agent.interpreting.recorded import Recorded
from agent.interpreting.speaker import Clause
from agent.interpreting.translations import Translated
from agent.interpreting.voices import Voices


class Outputs:
    """Of one room."""

    def __init__(
        self, engines: Engines, captions: Captions, voices: Voices | None, kept: Recorded
    ) -> None:
        """Without `voices` nothing is said."""
        self._engines = engines
        self._captions = captions
        self._voices = voices
        self._kept = kept

    def clause(self, heard: HeardTrack, clause: Clause) -> None:
        """Show words of somebody's; final ones that are a translation already are said too."""
        into = self._engines.into
        segment = _segment(heard, clause.number)
        self._captions.show(
            Caption(
                segment,
                clause.text,
                heard.identity,
                heard.track.sid,
                into or clause.language,
                "original" if into is None else "translation",
                clause.final,
            )
        )
        if not (clause.final and clause.text):
            return
        self._kept.clause(heard, segment, clause, language=into or clause.language)
        if into is not None:
            self._say(heard, segment, into, clause.text, corrects=clause.corrects)
        elif self._voices is not None:
            self._voices.spoke(heard.identity, clause.language)

    def translated(self, heard: HeardTrack, translated: Translated) -> None:
        """Show and say a translation, or what stands in its place."""
        of = _segment(heard, translated.number)
        segment = f"{of}-{translated.target}"
        self._kept.translated(heard, segment, translated)
        self._captions.show(
            Caption(
                segment,
                translated.text,
                heard.identity,
                heard.track.sid,
                translated.target,
                "translation",
                final=True,
                of=of,
                untranslated=not translated.works,
            )
        )
        if translated.works:
            self._say(
                heard, segment, translated.target, translated.text, corrects=translated.corrects
            )
        elif self._voices is not None:
            self._voices.unsaid(heard.identity, translated.target)

    def _say(
        self, heard: HeardTrack, segment: str, language: str, text: str, *, corrects: bool
    ) -> None:
        if self._voices is None:
            return
        say = self._voices.correct if corrects else self._voices.say
        say(heard.identity, segment, language, text)


def _segment(heard: HeardTrack, number: int) -> str:
    return f"{heard.track.sid}-{number}"
