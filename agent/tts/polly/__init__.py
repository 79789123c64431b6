"""Voices of Amazon Polly."""
