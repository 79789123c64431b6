"""Names of tool calls that have none from their server."""

import secrets

CALL_ID_LENGTH = 9
"""Mistral's tokenizer takes nine letters and digits and nothing else; other servers take any."""


def new_call_id() -> str:
    """A name that no other call of a talk has, and that every server takes back in a history."""
    return secrets.token_hex(CALL_ID_LENGTH)[:CALL_ID_LENGTH]
