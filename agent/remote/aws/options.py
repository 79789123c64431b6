"""What every engine behind AWS may be told about the account that pays.

What is not set here is boto3's own search: `AWS_PROFILE`, `AWS_ACCESS_KEY_ID`, the files below
`~/.aws`, the role of the machine or container. `AWS_ENDPOINT_URL_…` names other addresses.
"""

from pydantic import SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from agent.options.fields import EngineOptions, setting


class AwsOptions(EngineOptions):
    """Region, profile, keys and role. Engines of one account share their connections."""

    region: str | None = setting(
        None,
        "AWS region; empty: AWS_DEFAULT_REGION or the profile's",
        fallback="AWS_REGION",
    )
    profile: str | None = setting(
        None, "profile of ~/.aws/config for this engine alone; empty: boto3's own search"
    )
    access_key_id: str | None = setting(
        None, "access key for this engine alone; empty: boto3's own search"
    )
    secret_access_key: SecretStr | None = setting(
        None, "secret of that access key", validate_default=True
    )
    role_arn: str | None = setting(
        None,
        "role that is assumed with these credentials, arn:aws:iam::ACCOUNT:role/NAME; empty: none",
        pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$",
    )

    @field_validator("secret_access_key")
    @classmethod
    def _goes_with_a_key(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        has_key = bool(info.data.get("access_key_id"))
        if secret is not None and not has_key:
            raise PydanticCustomError("keys", "needs the access key that it belongs to")
        if secret is None and has_key:
            raise PydanticCustomError("keys", "is missing: the access key that is set needs it")
        return secret
