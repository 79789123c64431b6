"""A caller without a browser: microphone from a file, recording of what is heard."""
