"""Recognisers behind a Gradio page."""
