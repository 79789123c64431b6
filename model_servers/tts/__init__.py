"""A speech synthesis server around Piper and espeak-ng; its wire format is in PROTOCOL.md.

Piper is GPL-3.0, so nothing outside this server's process imports this package.
"""
