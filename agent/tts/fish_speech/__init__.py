"""Voices of a Fish-Speech server."""
