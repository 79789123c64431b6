"""What people say, in another language: text to text.

`translator.py` is the face that an engine has; livekit-agents has none for this stage.
"""
