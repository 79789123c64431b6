import pytest
from pydantic import TypeAdapter, ValidationError

from agent.stt.language import Language, iso_639_1

LANGUAGE: TypeAdapter[str] = TypeAdapter(Language)


@pytest.mark.parametrize("given", ["", " ", "auto", "AUTO"])
def test_nothing_and_auto_both_mean_detect(given: str) -> None:
    assert LANGUAGE.validate_python(given) == ""


@pytest.mark.parametrize(
    ("given", "kept"), [("en", "en"), ("pt_BR", "pt-BR"), (" zh-Hans-CN ", "zh-Hans-CN")]
)
def test_a_code_is_kept_as_it_is(given: str, kept: str) -> None:
    assert LANGUAGE.validate_python(given) == kept


@pytest.mark.parametrize("wrong", ["english", "e", "en US", "zh-", "de;q=1"])
def test_what_is_no_code_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="such as en, zh or pt-BR"):
        LANGUAGE.validate_python(wrong)


@pytest.mark.parametrize(
    ("code", "short"),
    [("", ""), ("en-GB", "en"), ("cmn-Hans-CN", "zh"), ("deu", "de"), ("yue", "yue")],
)
def test_servers_get_two_letters_where_there_are_two(code: str, short: str) -> None:
    assert iso_639_1(code) == short
