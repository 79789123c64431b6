"""Voices of a CosyVoice server."""
