"""What a person may set for each language model, by `LLM_*`.

Apart from the engines, whose libraries take seconds to import: `--help` and the web server
read settings too.
"""

from typing import Literal

from pydantic import DirectoryPath, SecretStr

from agent.llm.json_text import JsonObject
from agent.options import EngineOptions, setting

OPENAI_HOST = "api.openai.com"
OPENAI_MODEL = "gpt-4.1-mini"
"""Answers without a reasoning phase, so its first token comes early."""


class OpenAIChatOptions(EngineOptions):
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
        None, "randomness of the answer; empty: the server's own", ge=0, le=2
    )
    max_tokens: int | None = setting(
        None, "longest answer, tokens; empty: the server's own limit", ge=1
    )
    extra_body: JsonObject | None = setting(
        None, 'JSON object of further request fields, for example {"top_k": 40}'
    )


class BedrockOptions(EngineOptions):
    """Which model, where, and how it is to answer."""

    model: str = setting(
        "amazon.nova-2-lite-v1:0",
        "model id, inference profile id or ARN; many models are only served by a cross-region "
        "profile: the id with us., eu., apac. or global. before it",
    )
    region: str | None = setting(
        None,
        "AWS region; empty: AWS_DEFAULT_REGION or the profile's",
        fallback="AWS_REGION",
    )
    temperature: float | None = setting(
        None, "randomness of the answer; empty: the model's own", ge=0, le=1
    )
    top_p: float | None = setting(
        None, "share of the likeliest tokens to draw from; empty: the model's own", ge=0, le=1
    )
    max_tokens: int | None = setting(
        None, "longest answer, tokens; empty: the model's own limit", ge=1
    )
    stop: str = setting("", "comma list of texts at which the answer ends")
    extra_body: JsonObject | None = setting(
        None, 'JSON object of the model\'s own request fields, for example {"top_k": 40}'
    )
    latency: Literal["standard", "optimized"] | None = setting(
        None, "standard or optimized (faster, for some models and regions); empty: standard"
    )
    guardrail_id: str | None = setting(None, "guardrail that checks questions and answers")
    guardrail_version: str = setting("DRAFT", "version of that guardrail")


class HandbookOptions(EngineOptions):
    """Which documents, and how much of them is said."""

    folder: DirectoryPath | None = setting(
        None, "folder of .md and .txt files to answer from; empty: a handbook of this project"
    )
    max_sentences: int = setting(
        3, "sentences of one answer; the caller asks for more with 'go on'", ge=1, le=20
    )
    min_match: float = setting(
        0.5,
        "share of a question's weight that a passage must cover, else it counts as unknown, 0-1",
        ge=0,
        le=1,
    )
