"""What a person may set for this language model, by `LLM_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from pydantic import SecretStr

from agent.llm.json_text import JsonObject
from agent.options.fields import EngineOptions, setting

OPENAI_HOST = "api.openai.com"
OPENAI_MODEL = "gpt-4.1-mini"
"""Answers without a reasoning phase, so its first token comes early."""


class Options(EngineOptions):
    """Where the server is and what to ask it for."""

    url: str = setting(
        f"https://{OPENAI_HOST}/v1",
        "base URL with /v1, for example http://127.0.0.1:11434/v1 for Ollama",
        fallback="OPENAI_BASE_URL",
        pattern=r"^https?://\S+$",
    )
    api_key: SecretStr | None = setting(
        None, "key of that server; local servers need none", fallback="OPENAI_API_KEY"
    )
    model: str | None = setting(
        None,
        f"model's name as the server knows it; empty: {OPENAI_MODEL} at OpenAI, elsewhere the "
        "first chat model that the server lists",
    )
    temperature: float | None = setting(
        None, "randomness of the answer; empty: the server's own", ge=0, le=2, of_all=True
    )
    max_tokens: int | None = setting(
        None, "longest answer, tokens; empty: the server's own limit", ge=1, of_all=True
    )
    extra_body: JsonObject | None = setting(
        None, 'JSON object of further request fields, for example {"top_k": 40}'
    )
