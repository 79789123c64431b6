"""Stands in for llama.cpp's library, in a folder that is put before it on the path.

Like the real one it holds Python's lock while it loads. `LLAMA_DOUBLE_FOLDER` gets a file with its
process's number; `LLAMA_DOUBLE` says what becomes of loading: `endless`, `refused`, `aborted`; else
it serves and answers "Hello.".
"""

import ctypes
import http.server
import json
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ANSWER = json.dumps(
    {
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "Hello."},
            }
        ]
    }
).encode()


class CommonParams:
    def __init__(self) -> None:
        self.model, self.cpuparams, self.cpuparams_batch = (SimpleNamespace() for _ in range(3))


class Server:
    def __init__(self, parameters: CommonParams) -> None:
        made = Path(os.environ["LLAMA_DOUBLE_FOLDER"], "making")
        made.write_text(str(os.getpid()))
        made.rename(made.with_name("pid"))
        how = os.environ.get("LLAMA_DOUBLE")
        if how == "endless":
            ctypes.PyDLL(None).sleep(600)
        if how == "refused":
            raise RuntimeError("failed to load model")
        if how == "aborted":
            os.abort()
        print("loaded")
        served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=served.serve_forever, daemon=True).start()
        self.listening_address = f"http://127.0.0.1:{served.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: Any) -> None:
        """Quiet."""
