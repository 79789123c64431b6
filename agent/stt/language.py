"""Spoken languages as recognition servers want them."""

from agent.options.fields import Language as Language


def iso_639_1(code: str) -> str:
    """The two letters that recognition servers take, `zh` for `zh-Hans-CN` or `cmn`.

    A language without two letters of its own keeps its three (`yue`); empty stays empty.
    """
    # Here, because livekit-agents takes seconds to import and settings need only `Language`.
    from livekit.agents.language import LanguageCode

    return LanguageCode(code).language if code else ""
