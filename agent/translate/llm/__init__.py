"""The language model of the worker, asked to translate."""
