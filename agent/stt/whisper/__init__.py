"""Whisper inside the worker's process."""
