"""Rehearsals."""

from pydantic import SecretStr

from agent.options.fields import Section, setting


class RehearseOptions(Section):
    """Rehearsals: the model that judges replies by criteria in words (docs/rehearsals.md)."""

    judge_url: str = setting(
        "",
        "base URL with /v1 of a server that speaks OpenAI's chat completions; empty: no model "
        "judges, and what only a model can judge is skipped",
        pattern=r"^(https?://\S+)?$",
    )
    judge_model: str | None = setting(
        None, "model's name as that server knows it; empty: the first chat model that it lists"
    )
    judge_api_key: SecretStr | None = setting(None, "key of that server; local servers need none")
    judge_timeout_s: float = setting(
        30.0, "longest wait for the first word of a judgement, seconds", gt=0, le=600
    )
