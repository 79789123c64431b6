"""Voices of Piper, behind its HTTP server or behind Wyoming."""
