"""`python -m model_servers.whisper`: see `--help`."""

from model_servers.serving.start import start

if __name__ == "__main__":
    start("whisper", "model_servers.whisper", extra="server-whisper")
