"""Words to expect, as people write them."""

import pytest

from agent.stt.hotwords import weights


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", {}),
        (" , ,", {}),
        ("阿里巴巴", {"阿里巴巴": 20}),
        ("阿里巴巴:30，通义实验室：40、LiveKit", {"阿里巴巴": 30, "通义实验室": 40, "LiveKit": 20}),
        ("Route 66; Big Ben : 5\nOK", {"Route 66": 20, "Big Ben": 5, "OK": 20}),
        ('{"阿里巴巴": 20, "a, b": 3}', {"阿里巴巴": 20, "a, b": 3}),
    ],
)
def test_words_and_their_weights(text: str, words: dict[str, int]) -> None:
    assert weights(text) == words


@pytest.mark.parametrize("text", ['{"a": "20"}', '{"a": true}', "{a: 20}", "{"])
def test_what_begins_like_json_must_be_it(text: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        weights(text)
