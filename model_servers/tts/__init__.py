"""A speech server around hibari, Piper, Kokoro and espeak-ng; its wire is in PROTOCOL.md.

Piper and espeak-ng are GPL-3.0, so nothing outside this server's process imports this package.
"""
