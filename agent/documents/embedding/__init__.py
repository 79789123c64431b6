"""Texts as vectors: those that mean the same lie near each other."""
