"""Documents that answers are looked up in."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, SecretStr

from agent.options.fields import Section, setting


def _sources(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.replace("\n", ",").split(",") if part.strip())


Sources = Annotated[tuple[str, ...], BeforeValidator(_sources)]
"""Folders, files and addresses, in a variable with commas between them."""


class DocumentsOptions(Section):
    """Documents: what a language model is shown of them for each question (docs/documents.md)."""

    documents: Sources = setting(
        (),
        "folders, files and addresses of pages to look answers up in, with commas between them: "
        ".md, .txt, .csv, and with the extra `documents` .html, .pdf and .docx; empty: none",
    )
    passages: int = setting(4, "passages that a model is given at most", ge=1, le=20)
    max_chars: int = setting(
        4000, "characters of passages that a model is given at most", ge=200, le=100_000
    )
    min_match: float = setting(
        0.35,
        "share of a question's weight that a passage must cover, or how near it must be in "
        "meaning, else nothing is found, 0-1",
        ge=0,
        le=1,
    )
    embeddings: Literal["off", "local", "openai"] = setting(
        "off",
        "whether passages are found by meaning, too; local: by all-MiniLM-L6-v2 in this process, "
        "for English; openai: by a server with /v1/embeddings",
    )
    url: str = setting(
        "https://api.openai.com/v1",
        "base URL with /v1 of that server, for example http://127.0.0.1:11434/v1 for Ollama",
        fallback="OPENAI_BASE_URL",
        pattern=r"^https?://\S+$",
    )
    api_key: SecretStr | None = setting(
        None, "key of that server; local servers need none", fallback="OPENAI_API_KEY"
    )
    model: str = setting(
        "",
        "openai: the model's name as the server knows it, empty: text-embedding-3-small; local: a "
        "folder with model.onnx and tokenizer.json of another model, empty: the one of the extra",
    )
    query_prefix: str = setting(
        "", "text that the model wants before a question, for example query: or search_query:"
    )
    passage_prefix: str = setting(
        "", "text that the model wants before a passage, for example passage: or search_document:"
    )
    timeout_s: float = setting(
        0.4,
        "how long a look-up waits for the server's vector of a question, seconds; then it is found "
        "by its words alone",
        gt=0,
        le=10,
    )
    cache: Path | None = setting(
        None, "folder of what was read and embedded; empty: documents in the user's cache folder"
    )
    max_file_mb: float = setting(
        20.0, "largest file or page, megabytes; larger ones are left out", gt=0, le=1000
    )
    page_max_age_s: float = setting(
        3600.0, "how old a fetched page may be before it is asked for again, seconds", ge=0
    )
