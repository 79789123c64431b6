"""Who hears which voice track: by language, and nobody themselves."""

import pytest

from agent.interpreting.listeners import Listener, VoiceOf, voices_for

EN, PT = Listener("en", "en"), Listener("pt", "pt")


@pytest.mark.parametrize(
    ("listeners", "translated", "wanted"),
    [
        ({"ann": EN, "bob": PT}, {}, {("en", ""): ("ann",), ("pt", ""): ("bob",)}),
        ({"ann": EN, "amy": EN}, {}, {("en", ""): ("ann", "amy")}),
        ({"ann": Listener("en", "")}, {}, {}),
        ({"ann": Listener("", "pt")}, {}, {("pt", ""): ("ann",)}),
        (
            {"eva": Listener("es", "en"), "ann": EN},
            {},
            {("en", "eva"): ("eva",), ("en", ""): ("ann",)},
        ),
        (
            {"bob": Listener("pt", "pt-BR"), "ana": Listener("pt", "pt-PT")},
            {},
            {("pt-BR", ""): ("bob", "ana")},
        ),
        ({"eva": Listener("", "en")}, {"eva": frozenset({"en"})}, {("en", "eva"): ("eva",)}),
        ({"ann": EN}, {"ann": frozenset({"pt"})}, {("en", ""): ("ann",)}),
    ],
    ids=[
        "two languages",
        "one track for both",
        "the original alone",
        "speaks what nobody knows",
        "speaks another than they hear",
        "fit for each other",
        "has turned out to speak another",
        "translated for others",
    ],
)
def test_tracks_and_their_listeners(
    listeners: dict[str, Listener],
    translated: dict[str, frozenset[str]],
    wanted: dict[tuple[str, str], tuple[str, ...]],
) -> None:
    found = voices_for(listeners, translated=translated)
    assert found == {VoiceOf(*key): who for key, who in wanted.items()}
