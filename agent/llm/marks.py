"""What an engine tells beside an answer's text, as keys of `ChoiceDelta.extra`.

`agent.llm.reply_filter` reads the first two and passes them on to nobody.
"""

THOUGHT = "rejoinder.thought"
"""Thoughts come apart from the text, so that none are in it."""
CUT = "rejoinder.cut"
"""The server ended the answer before the model did."""
SOURCE = "rejoinder.source"
"""Where the answer was found: a JSON object, for the page and not for the voice."""
