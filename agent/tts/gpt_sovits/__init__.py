"""Cloned voices of a GPT-SoVITS server."""
