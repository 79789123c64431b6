"""Voices behind /v1/audio/speech."""
