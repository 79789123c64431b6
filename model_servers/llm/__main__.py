"""`python -m model_servers.llm`: see `--help`."""

from model_servers.serving.start import start

if __name__ == "__main__":
    start("llm", "model_servers.llm", extra="server-llm")
