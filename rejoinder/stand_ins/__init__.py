"""Servers of recognisers, models and voices where weights, keys and accounts would be.

Each speaks the real wire of what it stands for, with delays and faults that can be switched on:

    async with GptSovitsStandIn().serve() as server:
        ...  # a client of server.url

Tests and benchmarks use them in their own process; `rejoinder stand-in` starts one for a person.
Nothing here belongs to a call, and the worker imports none of it.
"""
