"""Asking a Gradio server: jobs that can be cancelled, each in a thread."""
