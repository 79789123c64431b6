"""What keys of a telephone come to: entries for the model, and keys that do something."""

import pytest

from agent.errors import ConfigError
from agent.features.keypad import Entered, Keypad
from agent.options.phone import Command
from agent.settings.load import load

USUAL = load(environ={}).phone.keys.by_key


def pressed(keys: str, *, bound: dict[str, Command] | None = None, most: int = 20) -> list[object]:
    """What comes of keys, a space for a pause."""
    keypad = Keypad(USUAL if bound is None else bound, most=most)
    done = [keypad.pause() if key == " " else keypad.press(key) for key in keys]
    return [Entered(was.keys) if isinstance(was, Entered) else was for was in done if was]


@pytest.mark.parametrize(
    ("keys", "comes"),
    [
        ("427 ", [Entered("427")]),
        ("42#", [Entered("42")]),
        ("030 1234 ", [Entered("030"), Entered("1234")]),
        ("4*2 ", [Entered("4*2")]),
        ("A ", [Entered("A")]),
        ("0 ", ["human"]),
        ("0#", ["human"]),
        ("#", ["repeat"]),
        ("**", ["slower", "slower"]),
        ("12##", [Entered("12"), "repeat"]),
        ("  ", []),
    ],
)
def test_keys_belong_together_until_a_pause_and_one_alone_may_do_something(
    keys: str, comes: list[object]
) -> None:
    assert pressed(keys) == comes


def test_without_bound_keys_all_go_to_the_model() -> None:
    assert pressed("0 # *5# ", bound={}) == [Entered("0"), Entered("#"), Entered("*5")]


def test_an_entry_is_no_longer_than_it_may_be() -> None:
    assert pressed("12345 ", most=3) == [Entered("123"), Entered("45")]


def test_a_setting_says_what_keys_do() -> None:
    keys = load(environ={"PHONE_KEYS": " 9 = human , 1=repeat"}).phone.keys
    assert dict(keys.by_key) == {"9": "human", "1": "repeat"}
    assert str(keys) == "9=human,1=repeat"
    assert load(environ={"PHONE_KEYS": "none"}).phone.keys.by_key == {}


@pytest.mark.parametrize("wrong", ["0=dance", "00=human", "human", "0=human,0=repeat", "0=human,"])
def test_a_key_that_does_nothing_known_is_a_mistake(wrong: str) -> None:
    with pytest.raises(ConfigError, match="PHONE_KEYS"):
        load(environ={"PHONE_KEYS": wrong})
