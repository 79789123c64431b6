"""Cloned voices of F5-TTS, behind its Gradio page or its socket."""
