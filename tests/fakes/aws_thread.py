"""An AWS of nobody's account in a thread of its own: for processes that outlive one test."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rejoinder.stand_ins.aws_server import AwsStandIn


@contextmanager
def aws_apart() -> Iterator[AwsStandIn]:
    """Listen until the block ends. Its fields may be read and set from any thread."""
    standin, ready = AwsStandIn(), threading.Event()
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with standin.serve():
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        assert ready.wait(10)
        yield standin
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


def environment(standin: AwsStandIn) -> dict[str, str]:
    """Variables with which a process asks it and nobody else."""
    return {
        "AWS_ENDPOINT_URL": standin.url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/nonexistent/config",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
