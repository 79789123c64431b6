"""The table of prices: what fits, what it costs, and what is said of a file that is wrong."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from agent.costs.amounts import Amounts
from agent.costs.prices import SHIPPED, Price, read_prices
from agent.errors import ConfigError
from agent.settings.load import load

OWN = """
[[price]]
stage = "stt"
engine = "transcribe"
currency = "EUR"
per_minute = 0.06
least_s = 15
step_s = 1
date = 2026-11-26
source = "my contract"

[[price]]
stage = "llm"
at = "*.example.com:8000"
model = "Qwen*"
currency = "EUR"
per_million_prompt = 1
per_million_cached = 0.25
per_million_completion = 2.50
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "prices.toml"
    file.write_text(OWN)
    return file


def test_every_price_of_the_package_says_since_when_and_where_it_is_written() -> None:
    lines = read_prices().lines
    assert lines
    for line in lines:
        assert line.date is not None, line
        assert line.source.startswith("https://"), line
        assert line.engine != "*", line
    keys = [(line.stage, line.engine, line.at, line.model) for line in lines]
    assert len(set(keys)) == len(keys)


def test_the_first_line_that_fits_counts_and_one_s_own_come_first(own: Path) -> None:
    prices = read_prices(own)
    at = {"engine": "openai", "at": "api.openai.com"}
    found = prices.find("stt", model="whisper-1", **at)
    assert found is not None
    assert found.per_minute == Decimal("0.006")
    assert prices.find("llm", model="whisper-1", **at) is None
    assert prices.find("stt", model="whisper-1", engine="openai", at="10.0.0.7:8101") is None
    snapshot = prices.find("llm", model="gpt-4.1-mini-2025-04-14", **at)
    assert snapshot is not None
    assert snapshot.model == "gpt-4.1-mini*"
    mine = prices.find("llm", engine="openai", at="gpu.example.com:8000", model="qwen3-4b")
    assert mine is not None
    assert mine.currency == "EUR"
    assert str(mine) == "1 EUR a million prompt tokens, 2.5 EUR a million completion tokens"


def test_a_line_of_one_s_own_replaces_the_one_that_comes_with_the_package(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[price]]\nstage = "stt"\ncurrency = "USD"\nper_minute = 0\n')
    found = read_prices(file).find("stt", engine="openai", at="api.openai.com", model="whisper-1")
    assert found is not None
    assert found.cost(Amounts(requests=1, seconds=60.0)) == 0


def test_tokens_from_a_cache_cost_what_the_line_says_and_else_what_all_cost(own: Path) -> None:
    price = read_prices(own).find("llm", engine="x", at="a.example.com:8000", model="qwen")
    assert price is not None
    used = Amounts(
        requests=1, prompt_tokens=1000, cached_tokens=600, cache_write_tokens=100,
        completion_tokens=40,
    )  # fmt: skip
    cached, plain, said = 600 * Decimal("0.25"), 400 * Decimal(1), 40 * Decimal("2.5")
    assert price.cost(used) == (cached + plain + said) / 1_000_000


def test_short_requests_are_billed_one_by_one_as_long_ones_where_a_service_does_that(
    own: Path,
) -> None:
    # https://aws.amazon.com/transcribe/pricing/: steps of one second, 15 seconds at least.
    price = read_prices(own).find("stt", engine="transcribe", at="Amazon Transcribe", model="")
    assert price is not None
    each_s = [2.0, 0.4, 20.21, 30.0]
    used = Amounts(requests=4, seconds=sum(each_s))
    assert price.cost(used, each_s) == Decimal("0.06") * (15 + 15 + 21 + 30) / 60
    hops = [0.01 * 1500] * 2
    assert price.cost(Amounts(requests=2, seconds=30.0), hops) == Decimal("0.06") * 30 / 60


def test_voices_are_paid_by_characters_by_minutes_or_by_tokens() -> None:
    used = Amounts(requests=2, characters=500, seconds=30.0, prompt_tokens=8, completion_tokens=90)
    line = {"stage": "tts", "currency": "USD"}
    by_characters = Price(per_million_characters=Decimal(30), **line)
    assert by_characters.cost(used) == Decimal("0.015")
    assert Price(per_minute=Decimal("0.2"), **line).cost(used) == Decimal("0.1")
    by_tokens = Price(per_million_prompt=Decimal("0.6"), per_million_completion=Decimal(12), **line)
    assert by_tokens.cost(used) == Decimal("0.0010848")


STT = '[[price]]\nstage = "stt"\ncurrency = "USD"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[price]\n", "is not TOML"),
        ("[prices]\n", r"should have \[\[price\]\] tables alone"),
        ("price = 7\n", r"should have \[\[price\]\] tables alone"),
        ('[[price]]\nstage = "vad"\ncurrency = "USD"\n', "price 1: stage: Input should be"),
        (
            STT + "per_minute = 1\nper_minut = 2\n",
            "price 1: per_minut is not a field; .*per_minute",
        ),
        (STT + "per_minute = -1\n", "price 1: per_minute: Input should be greater"),
        (STT + "per_minute = nan\n", "price 1: per_minute: "),
        (STT + "per_minute = true\n", "price 1: per_minute: "),
        (STT, "price 1: it needs per_minute$"),
        (STT + "per_million_characters = 1\n", "per_million_characters is not what stt engines"),
        (STT.replace("USD", "dollars") + "per_minute = 1\n", "price 1: currency: "),
        (
            STT.replace("stt", "llm") + "per_million_prompt = 1\n",
            "it needs per_million_prompt and per_million_completion",
        ),
        (
            STT.replace("stt", "tts") + "per_minute = 1\nper_million_characters = 1\n",
            "prices in more than one unit",
        ),
        (STT + "per_minute = 1\n" + STT + "date = 2026-11\n", "is not TOML"),
        (STT + "per_minute = 1\n" + STT, "price 2: it needs"),
    ],
)
def test_one_line_says_what_is_wrong_with_a_file_and_where(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        read_prices(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_told_with_all_other_mistakes(
    tmp_path: Path,
) -> None:
    gone = tmp_path / "gone.toml"
    with pytest.raises(ConfigError) as caught:
        load(environ={"PRICES_FILE": str(gone), "TURN_MIN_DELAY_S": "soon"}, env_file=None)
    lines = str(caught.value).splitlines()
    assert f"PRICES_FILE: {gone} cannot be read: No such file or directory" in lines
    assert any(line.startswith("TURN_MIN_DELAY_S") for line in lines)
    gone.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load(environ={"PRICES_FILE": str(gone)}, env_file=None)


def test_the_settings_have_the_table_in_force(own: Path) -> None:
    settings = load(environ={"PRICES_FILE": str(own)}, env_file=None)
    assert settings.prices.lines[0].source == "my contract"
    assert settings.pricing.told
    assert load(environ={}, env_file=None).prices == read_prices()
    assert SHIPPED.is_file()


def test_the_example_of_the_documentation_is_a_table(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "costs.md").read_text()
    [example] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "prices.toml").write_text(example)
    first, second, *_ = read_prices(tmp_path / "prices.toml").lines
    assert (first.least_s, first.step_s) == (15, 1)
    assert second.cost(Amounts(requests=1, prompt_tokens=9, completion_tokens=9)) == 0
    assert [f"`{name}`" for name in Price.model_fields if f"`{name}`" not in page] == []
