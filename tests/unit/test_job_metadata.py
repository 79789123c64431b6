"""What a dispatch tells a job: who serves it, and as whom."""

import asyncio
import logging
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from livekit.agents.types import NOT_GIVEN

from agent.errors import MetadataError
from agent.job import kinds, serving
from agent.job.kinds import KINDS, JobKind, read
from agent.metadata import MOST_CHARS, PersonaWishes
from agent.personas.persona import persona_of
from agent.settings.load import load
from agent.wording.lexicon import ENGLISH, GERMAN

SETTINGS = load(environ={})
CALL = '{"rejoinder": {"persona": {"voice": "nova", "languages": ["de", "en-GB"]}}, "order": 7}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "rejoinder",
        '"rejoinder"',
        '{"from": "sip"}',
        '{"kind": "premium", "voice": 7}',
        '{"rejoinder": {}}',
        '{"rejoinder": null}',
        '{"mode": "premium", "to": 7}',
        '{"broken',
    ],
)
def test_metadata_that_ask_for_nothing_are_what_the_settings_say_and_are_kept(text: str) -> None:
    metadata = read(text)
    assert (metadata.kind, metadata.spoken, metadata.to) == ("", None, None)
    assert metadata.persona == PersonaWishes()
    assert metadata.asked == set()
    assert metadata.text == text


@pytest.mark.parametrize(
    "text",
    [
        '{"mode": "captions", "to": ["pt", "zh"], "spoken": "en", "order": 7}',
        '{"rejoinder": {"kind": "captions", "to": ["pt", "zh"], "spoken": "en"}, "mode": "fast"}',
    ],
)
def test_captions_are_asked_for_in_two_forms(text: str) -> None:
    metadata = read(text)
    assert (metadata.kind, metadata.to, metadata.spoken) == ("captions", ("pt", "zh"), "en")
    assert metadata.asked == {"kind", "to", "spoken"}


def test_what_metadata_do_not_ask_for_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[str] = []

    async def serve(ctx: Any, parts: Any, settings: Any, metadata: Any) -> None:
        served.append(settings.agent.mode)

    monkeypatch.setattr("agent.interpreting.job.serve", serve)
    settings = load(environ={"AGENT_MODE": "captions"})
    ctx = SimpleNamespace(job=SimpleNamespace(metadata="", id="j"))
    asyncio.run(serving.serve_job(ctx, Parts(), settings))  # type: ignore[arg-type]
    assert served == ["captions"]


def test_what_is_asked_for_is_read_beside_what_belongs_to_others() -> None:
    metadata = read(CALL)
    assert metadata.persona == PersonaWishes(voice="nova", languages=["de", "en-GB"])
    assert metadata.asked == {"voice", "languages"}
    assert metadata.text == CALL


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"rejoinder": {"kind": "SECRET"}}', "rejoinder.kind: no such kind of job; known: call, "),
        ('{"rejoinder": {"SECRET": 1}}', "rejoinder: a field that there is not"),
        ('{"rejoinder": {"persona": {"SECRET": 1}}}', "rejoinder.persona: a field that there is"),
        ('{"rejoinder": {"persona": {"speed": 9}}}', "rejoinder.persona.speed: Input should be"),
        ('{"rejoinder": {"persona": {"voice": 7}}}', "rejoinder.persona.voice: Input should be"),
        ('{"rejoinder": {"persona": {"languages": ["SECRET!"]}}}', "languages.0: String should"),
        ('{"rejoinder": {"persona": {"apologies": {"SECRET": "x"}}}}', "persona.apologies: Input"),
        ('{"rejoinder": "SECRET"}', "rejoinder: Input should be"),
        ('{"rejoinder": {"kind": "call"}', "they are no JSON"),
        ('{"rejoinder":' + "[" * 20_000, "they are no JSON"),
        ('{"rejoinder": "' + "x" * MOST_CHARS + '"}', f"more than {MOST_CHARS} characters"),
    ],
)
def test_malformed_wishes_are_refused_in_words_that_hold_nothing_of_them(
    text: str, why: str
) -> None:
    with pytest.raises(MetadataError) as refusal:
        read(text)
    assert why in str(refusal.value)
    assert "SECRET" not in str(refusal.value)


def test_wishes_replace_the_settings_and_what_is_left_open_is_as_they_have_it() -> None:
    settings = load(
        environ={
            "AGENT_GREETING": "Hello.",
            "LLM_FILLER": "Wait.",
            "LLM_INSTRUCTIONS": "Be brief.",
            "STT_ENGINE": "openai",
            "STT_LANGUAGE": "fr",
        }
    )
    plain = persona_of(settings)
    assert (plain.greeting, plain.filler, plain.instructions) == ("Hello.", "Wait.", "Be brief.")
    assert (plain.languages, plain.voice, plain.speed) == (("fr",), "", 1.0)

    wishes = PersonaWishes(
        greeting="", languages=["de", "en"], speed=1.5, apologies={"llm": "Leider nein."}
    )
    asked = persona_of(settings, wishes)
    assert (asked.greeting, asked.filler, asked.instructions) == ("", "Wait.", "Be brief.")
    assert (asked.languages, asked.language, asked.speed) == (("de", "en"), "de", 1.5)
    assert (plain.spoken, asked.spoken) == (NOT_GIVEN, ""), "of several it is to find out which"
    assert asked.apologies["llm"] == "Leider nein."
    assert asked.apologies["stt"] == GERMAN.apologies["stt"]
    assert (asked.apology_voice, asked.spare_voice) == ("de", "de")


def test_words_that_nobody_has_set_are_those_of_the_expected_language() -> None:
    environ = {"STT_ENGINE": "openai", "STT_LANGUAGE": "de-AT", "LLM_FILLER": ""}
    german = persona_of(load(environ=environ))
    assert (german.greeting, german.back_text, german.filler) == (GERMAN.greeting, GERMAN.back, "")
    assert german.apologies == GERMAN.apologies
    assert german.spare_notice == GERMAN.spare_voice
    english = persona_of(load(environ=environ), PersonaWishes(languages=["en"]))
    assert (english.greeting, english.spoken) == (ENGLISH.greeting, "en")
    assert persona_of(load(environ={})).apologies == ENGLISH.apologies


def test_a_kind_is_one_line_and_one_room(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []

    async def serve(ctx: Any, parts: Any, settings: Any, metadata: Any) -> None:
        served.append((ctx, parts, metadata.kind))

    room = ModuleType("parrots")
    room.serve = serve  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "parrots", room)
    line = JobKind("parrots", "repeats what it hears")
    monkeypatch.setattr(kinds, "KINDS", {**KINDS, "parrot": line})
    answer_job('{"rejoinder": {"kind": "parrot"}}', parts := Parts())
    assert [(kind, given) for _, given, kind in served] == [("parrot", parts)]
    assert parts.closed


def test_each_kind_of_the_table_has_a_module_that_serves_it() -> None:
    for kind in KINDS:
        assert asyncio.iscoroutinefunction(kinds.load(kind).serve)


def test_what_a_refused_job_was_asked_for_is_in_no_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refused: list[Any] = []

    async def refuse(ctx: Any, voice: Any) -> None:
        refused.append(ctx)

    monkeypatch.setattr(serving, "refuse", refuse)
    caplog.set_level(logging.DEBUG)
    answer_job('{"rejoinder": {"kind": "SECRET"}}', parts := Parts())
    assert len(refused) == 1
    assert parts.closed
    [line] = [r for r in caplog.records if r.getMessage() == "a job was refused"]
    assert (
        line.__dict__["why"]
        == "rejoinder.kind: no such kind of job; known: call, captions, interpret"
    )
    assert "SECRET" not in caplog.text


class Parts:
    spare_tts: Any = SimpleNamespace(provider="p")
    closed = False

    async def aclose(self) -> None:
        self.closed = True


def answer_job(metadata: str, parts: Parts) -> None:
    ctx = SimpleNamespace(job=SimpleNamespace(id="J", metadata=metadata))
    asyncio.run(serving.serve_job(ctx, parts, SETTINGS))  # type: ignore[arg-type]
