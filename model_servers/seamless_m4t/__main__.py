"""`python -m model_servers.seamless_m4t`: see `--help`."""

from model_servers.serving.start import start

if __name__ == "__main__":
    start("seamless_m4t", "model_servers.seamless_m4t", extra="server-seamless")
