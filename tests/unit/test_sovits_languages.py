"""What GPT-SoVITS calls the languages that a person names by their tags."""

import pytest

from agent.tts.gpt_sovits.languages import code_of
from agent.tts.gpt_sovits.options import Options


@pytest.mark.parametrize(
    ("language", "version", "alone", "code"),
    [
        ("zh-CN", "v2Pro", False, "zh"),
        ("zh-CN", "v2Pro", True, "all_zh"),
        ("cmn-Hans-CN", "v2", False, "zh"),
        ("zh-HK", "v2", False, "yue"),
        ("zh-Hant-HK", "v4", True, "all_yue"),
        ("ja", "v1", True, "all_ja"),
        ("en-GB", "v1", True, "en"),
        ("ko", "v3", False, "ko"),
        ("", "v1", True, "auto"),
    ],
)
def test_languages_are_called_as_the_server_calls_them(
    language: str, version: str, alone: bool, code: str
) -> None:
    assert code_of(language, version=version, alone=alone) == code


def test_a_language_that_it_does_not_speak_is_a_wrong_setting() -> None:
    with pytest.raises(ValueError, match="does not speak de; it speaks zh, yue, en, ja, ko"):
        Options(language="de")
    with pytest.raises(ValueError, match="v1 does not speak ko"):
        Options(language="ko", model_version="v1")
