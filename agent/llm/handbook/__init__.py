"""Answers from a folder of documents, without a language model."""
