"""What an engine is told and tells beside texts, as keys of `extra`.

Of `ChoiceDelta`: `THOUGHT` and `CUT`, which `agent.llm.reply_filter` reads and passes on to nobody,
and `SOURCE`. Of `ChatMessage`: `DOCUMENTS`.
"""

THOUGHT = "rejoinder.thought"
"""Thoughts come apart from the text, so that none are in it."""
CUT = "rejoinder.cut"
"""The server ended the answer before the model did."""
SOURCE = "rejoinder.source"
"""Where the answer was found: a JSON object, for the page and not for the voice."""
DOCUMENTS = "rejoinder.documents"
"""Of a message that is not the caller's but stands before their question: the paths and addresses
that it is to be answered from. Its text are passages; the embedded handbook looks by itself."""
