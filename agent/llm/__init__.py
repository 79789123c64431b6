"""Text to reply: one module per engine."""
