"""Language models behind /v1/chat/completions."""
