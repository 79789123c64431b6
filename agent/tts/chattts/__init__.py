"""Voices of a ChatTTS server."""
