"""`python -m model_servers.gpt_sovits [serve]`: see `--help`."""

from model_servers.serving.start import start

PACKAGES = 'pip install "av>=11" "boto3>=1.35" "fastapi>=0.115.2" "h11>=0.14" "uvicorn>=0.30"'
"""What it needs in the environment in which GPT-SoVITS itself runs, whose bounds no group of ours
could keep."""

if __name__ == "__main__":
    start("gpt_sovits", "model_servers.gpt_sovits", command=PACKAGES)
