"""Whose credentials requests to AWS carry: boto3's sessions, one for each account.

boto3 is imported in the functions: it takes seconds.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from pydantic import SecretStr

from agent.remote.aws.options import AwsOptions

SEARCH_THREAD: Final = "aws-credentials"
"""The name of a thread that looks for credentials; nobody waits for it."""
_CONNECT_S = 5.0
"""A TCP and TLS handshake that takes longer will not succeed."""
_ROLE_S = 10.0
"""Longest wait for the credentials of a role: nothing else ends it, and the thread of a request
waits with it."""
_ROLE_SESSION = "rejoinder"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose credentials are used, and in which region."""

    region: str | None = None
    profile: str | None = None
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None
    role_arn: str | None = None

    @classmethod
    def of(cls, options: AwsOptions) -> "Account":
        """What an engine's settings say."""
        return cls(
            options.region,
            options.profile,
            options.access_key_id,
            options.secret_access_key,
            options.role_arn,
        )


class Sessions:
    """Made when they are asked for, and not kept. They share what botocore has read of services."""

    def __init__(self) -> None:
        self._loader: Any = None

    def of(self, account: Account) -> Any:
        """A session of botocore for an account; blocks.

        Raises:
            BotoCoreError: there is no such profile.
        """
        core = self._core(account)
        if account.role_arn:
            source, core = core, self._core(replace(account, access_key_id=None))
            _assume(account.role_arn, core, source=source)
        return core

    def of_nobody(self) -> Any:
        """A session whose clients are never asked anything, of botocore; blocks."""
        return self._core(Account())

    def _core(self, account: Account) -> Any:
        import botocore.loaders
        import botocore.session

        core = botocore.session.Session(profile=account.profile)
        if self._loader is None:
            self._loader = botocore.loaders.create_loader()
        # It keeps what it has read of a service.
        core.register_component("data_loader", self._loader)
        if account.region:
            core.set_config_variable("region", account.region)
        if account.access_key_id and account.secret_access_key:
            core.set_credentials(
                account.access_key_id, account.secret_access_key.get_secret_value()
            )
        return core


def one_try(*, read_s: float, **further: Any) -> Any:
    """How a client asks: livekit-agents tries again, and knows when it is too late to."""
    from botocore.config import Config

    return Config(
        connect_timeout=_CONNECT_S,
        read_timeout=read_s,
        retries={"total_max_attempts": 1},
        **further,
    )


def boto3_session(core: Any) -> Any:
    """A session of boto3 on one of botocore; blocks."""
    import boto3.session

    return boto3.session.Session(botocore_session=core)


def _assume(role_arn: str, core: Any, *, source: Any) -> None:
    """Let a session have a role's credentials, which the ones of `source` allow it to."""
    from botocore.credentials import (
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        CredentialResolver,
        DeferredRefreshableCredentials,
    )
    from botocore.exceptions import NoCredentialsError

    class Role(CredentialProvider):
        METHOD = "assume-role"

        def load(self) -> DeferredRefreshableCredentials:
            own = source.get_credentials()
            if own is None:
                raise NoCredentialsError
            fetcher = AssumeRoleCredentialFetcher(
                partial(source.create_client, config=one_try(read_s=_ROLE_S)),
                own,
                role_arn,
                extra_args={"RoleSessionName": _ROLE_SESSION},
            )
            return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)

    core.register_component("credential_provider", CredentialResolver([Role()]))
