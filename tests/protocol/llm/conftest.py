"""An address where nothing listens."""

import pytest

from rejoinder.demo.ports import PortPicker


@pytest.fixture
def closed_port() -> int:
    with PortPicker() as free:
        return free.tcp()
