"""What is masked in texts, nested values, options and errors, and what stays readable."""

import time

import pytest

from agent.errors import ConfigError
from agent.llm.openai.options import Options as OpenAIChatOptions
from agent.masking import masked, masked_text, shown
from agent.options.livekit import LiveKitOptions
from agent.settings.load import load


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("http://me:hush@host:1/v1 is down", "http://********@host:1/v1 is down"),
        ("ws://me:hu@sh@host", "ws://********@host"),
        ("https://hush@host/v1?x=1", "https://********@host/v1?x=1"),
        ("me:hush@host/v1", "********@host/v1"),
        ("http://host/v1?api_key=hush&x=1", "http://host/v1?api_key=********&x=1"),
        ("http://host/v1?x=1&Access-Token=hush", "http://host/v1?x=1&Access-Token=********"),
        ('{"a": {"api-key": "hush", "n": 1}}', '{"a": {"api-key": "********", "n": 1}}'),
        ("{'X-Auth': 'hush'}", "{'X-Auth': '********'}"),
        ('{"api_key": "hush', '{"api_key": "********'),
        ("Authorization: Bearer hush-hush", "Authorization: Bearer ********"),
        ("refused sk-proj-0123456789abcdef", "refused ********"),
    ],
)
def test_a_secret_in_a_text_is_masked(text: str, seen: str) -> None:
    assert masked_text(text) == seen
    assert masked_text(seen) == seen


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8100/v1 does not serve speech: ConnectError; is it running?",
        "ws://[::1]:7880 takes the key, 3 rooms now",
        "LLM_MAX_TOKENS=x: Input should be a valid integer",
        "send an e-mail to ann@example.org, or ask at 10:30 @ the desk",
        "https://user.example.org/@ann?page=2",
        "the shared secret is missing or wrong",
        "set LIVEKIT_API_KEY and LIVEKIT_API_SECRET to join ws://host directly",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked_text(text) == text


@pytest.mark.parametrize(
    "text",
    ["-", "a.", "?a", "key", '"key', "&key", "://", "a-b:", "sk-", "Bearer ", "'key':'", "'"],
)
def test_a_long_text_of_foreign_origin_is_read_in_no_time(text: str) -> None:
    began = time.thread_time()
    masked_text("&" + text * (64 * 1024 // len(text)))
    assert time.thread_time() - began < 1.0


def test_nested_values_are_masked_under_names_of_secrets_and_numbers_stay() -> None:
    value = {
        "top_k": 40,
        "max_tokens": 7,
        "provider": {"apiKey": "hush", "order": ["a", "http://u:hush@h"]},
        "headers": [{"Authorization": "hush"}, {"cookies": ["hush", {"x": "hush"}]}],
    }
    assert masked(value) == {
        "top_k": 40,
        "max_tokens": 7,
        "provider": {"apiKey": "********", "order": ["a", "http://********@h"]},
        "headers": [{"Authorization": "********"}, {"cookies": ["********", {"x": "********"}]}],
    }
    assert "hush" not in shown(value)


def test_options_and_errors_show_no_password() -> None:
    url = "http://me:hush@127.0.0.1:9/v1"
    options = OpenAIChatOptions(url=url, extra_body={"user": {"token": "hush"}})
    assert options.url == url
    for seen in (repr(options), str(options), repr(LiveKitOptions(url=url)), f"{[options]}"):
        assert "hush" not in seen
        assert "127.0.0.1:9" in seen
    assert str(ConfigError(f"{url} is down")) == "http://********@127.0.0.1:9/v1 is down"


def test_a_wrong_value_is_told_without_the_password_in_it() -> None:
    environ = {
        "LLM_URL": "me:hush@127.0.0.1:9/v1",
        "LLM_EXTRA_BODY": '{"api_key": "hush',
        "STT_URL": "ftp://me:hush@127.0.0.1:9/v1",
        "TTS_URL": "http://me:hush@127.0.0.1:9/v1 x",
        "LLM_API_KEY": "k",
    }
    with pytest.raises(ConfigError) as refused:
        load(environ=environ)
    assert "LLM_URL=" in str(refused.value)
    assert "hush" not in str(refused.value)
