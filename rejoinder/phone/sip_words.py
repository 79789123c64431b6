"""SIP's answers to a call, in words.

Source: RFC 3261, section 21; RFC 3326 and 8197 for 607.
"""

_WORDS = {
    401: "the carrier wants a password: auth_username and auth_password of the outbound trunk",
    402: "the carrier wants to be paid",
    403: "the carrier forbids it: does our number belong to this trunk, and may it call there?",
    404: "there is no such number",
    407: "the carrier does not take auth_username and auth_password of the outbound trunk",
    410: "the number is no longer in use",
    484: "the number is incomplete",
    488: "the carrier and we have no codec in common",
    502: "the carrier's own gateway fails",
    503: "the carrier takes no calls now",
    603: "who was called declined",
    604: "there is no such number",
    607: "who was called does not want our calls",
}


def in_words(code: int, status: str) -> str:
    """An answer for a person: `404, there is no such number`; unknown ones as they came."""
    words = _WORDS.get(code) or status or "no reason given"
    return f"{code}, {words}"
