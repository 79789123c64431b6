"""What an engine tells beside an answer's text, as keys of `ChoiceDelta.extra`.

`agent.llm.reply_filter` reads them and passes them on to nobody.
"""

THOUGHT = "rejoinder.thought"
"""Thoughts come apart from the text, so that none are in it."""
CUT = "rejoinder.cut"
"""The server ended the answer before the model did."""
