"""What a person may set for this translator, by `TRANSLATE_*`."""

from pydantic import SecretStr

from agent.options.fields import EngineOptions, setting


class Options(EngineOptions):
    """Which server."""

    url: str = setting(
        ...,
        "address of SeamlessM4T's Gradio server, or a Hugging Face Space as owner/name",
        pattern=r"^(https?://\S+|[\w.-]+/[\w.-]+)$",
    )
    api_key: SecretStr | None = setting(
        None, "key of the server, or a Hugging Face token for a private Space"
    )
    username: str | None = setting(None, "name to log in with, where the server asks for one")
    password: SecretStr | None = setting(None, "password to log in with")
