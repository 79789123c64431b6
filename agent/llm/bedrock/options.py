"""What a person may set for this language model, by `LLM_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from typing import Literal

from agent.llm.json_text import JsonObject
from agent.options.fields import setting
from agent.remote.aws.options import AwsOptions


class Options(AwsOptions):
    """Which model, where, and how it is to answer."""

    model: str = setting(
        "amazon.nova-2-lite-v1:0",
        "model id, inference profile id or ARN; many models are only served by a cross-region "
        "profile: the id with us., eu., apac. or global. before it",
    )
    temperature: float | None = setting(
        None, "randomness of the answer; empty: the model's own", ge=0, le=1, of_all=True
    )
    top_p: float | None = setting(
        None, "share of the likeliest tokens to draw from; empty: the model's own", ge=0, le=1
    )
    max_tokens: int | None = setting(
        None, "longest answer, tokens; empty: the model's own limit", ge=1, of_all=True
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
    guardrail_mode: Literal["sync", "async"] = setting(
        "sync",
        "sync: words wait until the guardrail has read them; async: they are spoken at once, and "
        "it may come too late",
    )
    prompt_cache: Literal["off", "5m", "1h"] = setting(
        "off",
        "how long Bedrock keeps what the next request begins with too (instructions, tools, what "
        "was said), for models that can; some charge more for what is written there",
    )
