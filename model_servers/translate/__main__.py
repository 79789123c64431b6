"""`python -m model_servers.translate`: see `--help`."""

from model_servers.serving.start import start

if __name__ == "__main__":
    start("translate", "model_servers.translate", extra="server-translate")
