"""Amazon Transcribe, which streams."""
