"""`python -m model_servers.tts`: see `--help`."""

from model_servers.serving.start import start

if __name__ == "__main__":
    start("tts", "model_servers.tts", extra="server-tts")
