"""The stand-in recogniser behind a real Gradio server, in a process of its own.

    python -m benchmarks.gradio_standin --engines http://127.0.0.1:9000/v1

`/transcribe` as on a Whisper server's page: an upload, then a language code. The words, the delay
and the record of the request are those of `benchmarks.standin`, which is asked for them; a job
that is cancelled closes that request.
"""

import argparse
import asyncio
import json
from pathlib import Path

import gradio as gr
import httpx


def blocks(engines: httpx.AsyncClient) -> gr.Blocks:
    """The page: one endpoint, any number of jobs at once."""

    async def transcribe(audio: str, language: str) -> str:
        upload = await asyncio.to_thread(Path(audio).read_bytes)
        answer = await engines.post(
            "audio/transcriptions",
            files={"file": ("utterance.wav", upload, "audio/wav")},
            data={"language": language},
        )
        answer.raise_for_status()
        return str(answer.json()["text"])

    with gr.Blocks(analytics_enabled=False) as page:
        audio = gr.Audio(type="filepath")
        language = gr.Textbox()
        text = gr.Textbox()
        gr.Button().click(
            transcribe, [audio, language], text, api_name="transcribe", concurrency_limit=None
        )
    return page.queue(default_concurrency_limit=None)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", required=True, help="base URL of the stand-in, with /v1")
    args = parser.parse_args()
    client = httpx.AsyncClient(base_url=args.engines.rstrip("/") + "/", trust_env=False)
    page = blocks(client)
    _, url, _ = page.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, ssr_mode=False
    )
    print(json.dumps({"url": url.rstrip("/")}), flush=True)
    page.block_thread()


if __name__ == "__main__":
    main()
