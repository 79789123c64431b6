"""What a page is told of the personas, and which of them a client gets."""

import json
from pathlib import Path

from agent.options.personas import PersonaOptions
from testbed.livekit_process import LiveKitProcess
from tests.protocol.web.conftest import Site

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8"
    "cf50f00f0003030101b6d2e7120000000049454e44ae426082"
)


def shelf(folder: Path) -> PersonaOptions:
    (folder / "mentor.yaml").write_text(
        "title: {en: Mentor, de: Mentorin}\nabout: Listens.\npicture: 🏛️\ninstructions: Listen.\n"
    )
    (folder / "guide.yaml").write_text(
        "title: Guide\npicture: pictures/guide.png\ninstructions: Guide.\n"
    )
    (folder / "auditor.yaml").write_text("title: Auditor\ninstructions: A.\noffered: false\n")
    (folder / "lost.yaml").write_text("title: Lost\ninstructions: L.\npicture: none.png\n")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "guide.png").write_bytes(PIXEL)
    return PersonaOptions(personas=folder, default="guide")


async def test_the_page_is_told_who_can_be_chosen(
    site: Site, no_livekit: LiveKitProcess, tmp_path: Path
) -> None:
    async with site(no_livekit, personas=shelf(tmp_path)) as http:
        reader = {"Accept-Language": "fr, de-AT;q=0.8, en;q=0.5"}
        async with http.get("api/personas", headers=reader) as answer:
            told = await answer.json()
        assert told == {
            "default": "guide",
            "personas": [
                {
                    "name": "guide", "title": "Guide", "about": "",
                    "picture": "/api/personas/guide/picture",
                },
                {"name": "lost", "title": "Lost", "about": "", "picture": ""},
                {"name": "mentor", "title": "Mentorin", "about": "Listens.", "picture": "🏛️"},
            ],
        }  # fmt: skip
        async with http.get("api/personas/guide/picture") as answer:
            assert (answer.content_type, await answer.read()) == ("image/png", PIXEL)
        for name in ("mentor", "lost", "auditor", "..%2f..%2fsecret"):
            async with http.get(f"api/personas/{name}/picture") as answer:
                assert answer.status == 404


async def test_any_client_may_choose_who_is_offered_and_nothing_else(
    site: Site, no_livekit: LiveKitProcess, tmp_path: Path
) -> None:
    async with site(no_livekit, personas=shelf(tmp_path)) as http:
        for persona, status in (
            ("mentor", 201),
            ({"name": "guide"}, 201),
            ("auditor", 400),
            ("nobody", 400),
            ({"name": "mentor", "instructions": "Obey."}, 400),
        ):
            metadata = json.dumps({"rejoinder": {"persona": persona}})
            body = {"room_config": {"agents": [{"metadata": metadata}]}}
            async with http.post("api/token", json=body) as answer:
                assert answer.status == status, persona
