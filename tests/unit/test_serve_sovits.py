"""The GPT-SoVITS server: how texts are cut, how it is set, what an endpoint costs."""

from pathlib import Path

import pytest

from model_servers.gpt_sovits.cutting import LONGEST, cut
from model_servers.gpt_sovits.deploy.prices import PricesError, read_prices
from model_servers.gpt_sovits.settings import read_settings
from model_servers.serving.errors import StartError


@pytest.mark.parametrize(
    ("text", "marks", "pieces"),
    [
        ("One. Two, three.", ".", ["One.", "Two, three."]),
        ("One. Two, three.", ".,", ["One.", "Two,", "three."]),
        ("One. Two, three.", "", ["One. Two, three."]),
        ("It is 3.5 or 1,000. Yes.", ".,", ["It is 3.5 or 1,000.", "Yes."]),
        ("你好。世界！", "。！", ["你好。", "世界！"]),
        ("... — !", ".", []),
        ("Wait... what?", ".?", ["Wait.", "what?"]),
        ("a]b^c-d", "]^-", ["a]", "b^", "c-", "d"]),
    ],
)
def test_texts_are_cut_at_marks_and_nothing_unspeakable_is_left(
    text: str, marks: str, pieces: list[str]
) -> None:
    assert cut(text, marks) == pieces


@pytest.mark.parametrize(
    "text",
    ["A sentence of some words. " * 30, "word " * 200, "字" * 500, "一句话，" * 100, "x" * 1000],
)
def test_no_piece_is_longer_than_the_model_can_bear_and_nothing_is_lost(text: str) -> None:
    pieces = cut(text, "")
    assert max(map(len, pieces)) <= LONGEST
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


def test_numbers_stay_whole() -> None:
    pieces = cut("word " * 20 + "it costs 3.5 dollars and no more than " + "word " * 30, "")
    assert any("3.5" in piece for piece in pieces)


def test_long_texts_are_cut_at_the_ends_of_sentences() -> None:
    assert all(piece.endswith("words.") for piece in cut("A sentence of some words. " * 30, ""))


def test_serve_changes_the_defaults_and_variables_change_those(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain, served = read_settings([]), read_settings(["serve"])
    assert (plain.host, plain.allowed_hosts) == ("127.0.0.1", "")
    assert (served.host, served.port, served.allowed_hosts) == ("0.0.0.0", 8080, "*")
    assert served.trusted_network
    monkeypatch.setenv("SERVE_GPT_SOVITS_HOST", "127.0.0.1")
    monkeypatch.setenv("SERVE_GPT_SOVITS_TRUSTED_NETWORK", "false")
    assert read_settings(["serve"]).host == "127.0.0.1"
    monkeypatch.setenv("SERVE_GPT_SOVITS_VERSOIN", "v4")
    with pytest.raises(StartError, match="did you mean SERVE_GPT_SOVITS_VERSION"):
        read_settings(["serve"])


def test_a_price_that_nobody_has_read_is_unknown() -> None:
    told = read_prices(None).cost("us-east-1", "ml.g5.xlarge", 1)
    assert "unknown: see https://aws.amazon.com/sagemaker/ai/pricing/" in told


@pytest.mark.parametrize(
    "text", ["price = 1", "[a]\nb = -1", "[a]\nb = true", "[a]\nb = 'cheap'", "not toml"]
)
def test_a_file_that_holds_no_prices_is_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(PricesError):
        read_prices(file)
    with pytest.raises(PricesError):
        read_prices(tmp_path / "nowhere.toml")
