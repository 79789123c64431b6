"""Measures what a caller notices, beside a plain livekit-agents worker in the same run."""
