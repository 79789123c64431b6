"""A module of the checkout that the pipeline imports by a name of its own."""

PAUSE = "，"
