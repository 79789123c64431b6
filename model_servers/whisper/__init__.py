"""A speech recognition server around faster-whisper; its wire format is in PROTOCOL.md."""
