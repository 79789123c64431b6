"""Recognisers behind FunASR's websockets: words while they are spoken."""
