"""Recognisers behind /v1/audio/transcriptions."""
