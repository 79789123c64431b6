"""Whose request it is that waits in a model server's queue."""

import pytest
from pydantic import SecretStr
from starlette.requests import Request

from model_servers.serving.clients import client_of
from model_servers.serving.settings import ServerSettings

OPEN, LOCKED = ServerSettings(), ServerSettings(api_key=SecretStr("key"))


def client(address: str, settings: ServerSettings = OPEN, *, call: str = "") -> str:
    headers = [(b"x-client", call.encode())]
    scope = {"type": "http", "client": (address, 1), "headers": headers}
    return client_of(Request(scope), settings)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:2"),
        ("fe80::1%eth0", "fe80::2%eth0"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
    ],
)
def test_a_host_that_may_choose_from_many_addresses_is_one_client(one: str, other: str) -> None:
    assert client(one) == client(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8::1", "2001:db8:0:1::1"), ("203.0.113.5", "203.0.113.6"), ("", "127.0.0.1")],
)
def test_different_hosts_are_different_clients(one: str, other: str) -> None:
    assert client(one) != client(other)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_programs_of_this_machine_may_name_their_calls(address: str) -> None:
    assert client(address, call="a") != client(address, call="b")


def test_others_may_name_theirs_with_the_key_only() -> None:
    assert client("203.0.113.5", call="a") == client("203.0.113.5", call="b")
    assert client("203.0.113.5", LOCKED, call="a") != client("203.0.113.5", LOCKED, call="b")
