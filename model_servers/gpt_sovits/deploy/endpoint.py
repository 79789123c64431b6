"""Make, watch, ask and delete one endpoint, with boto3. Everything here blocks."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from model_servers.gpt_sovits.deploy.plan import Plan, deletions
from model_servers.serving.console import Say
from model_servers.serving.wav import wav_header

if TYPE_CHECKING:
    from types_boto3_sagemaker import SageMakerClient
    from types_boto3_sagemaker_runtime import SageMakerRuntimeClient

_LOG_GROUP = "/aws/sagemaker/Endpoints/{name}"
_HEADER_BYTES = 44
_IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
"""It can be neither asked nor deleted."""
_ENDED = frozenset({"Failed", "OutOfService", "UpdateRollbackFailed", "Deleting"})
_READ_S = 75
"""SageMaker itself gives up after 60 s without a byte."""
_UNDO = {"create_model": 2, "create_endpoint_config": 1, "create_endpoint": 0}
"""Which of `deletions` undoes it."""


class DeployError(Exception):
    """It did not work; the message says what, and what to do."""


@dataclass(slots=True)
class Endpoint:
    """One endpoint by its name; it need not exist."""

    name: str
    region: str | None
    say: Say
    poll_s: float = 15.0
    _control: "SageMakerClient" = field(init=False)

    def __post_init__(self) -> None:
        try:
            self._control = boto3.client("sagemaker", region_name=self.region)
        except BotoCoreError as error:
            raise _explained(error, "SageMaker cannot be asked") from error
        self.region = self._control.meta.region_name

    def create(self, plan: Plan) -> None:
        """Make model, configuration and endpoint; what was made is deleted when one fails.

        Raises:
            DeployError: one was refused.
        """
        made: list[str] = []
        for operation, arguments in plan.requests():
            self.say(f"{operation} {self.name}")
            try:
                getattr(self._control, operation)(**arguments)
            except (ClientError, BotoCoreError) as error:
                failed = _explained(error, f"{operation} failed")
                # An answer can be lost, and what it tells be there and cost.
                if operation == "create_endpoint" and self._state() is not None:
                    raise DeployError(
                        f"{failed}; but there is an endpoint {self.name}: look at it with `wait`, "
                        "`delete` takes it away"
                    ) from error
                self._undo(made)
                raise failed from error
            made.append(operation)

    def _undo(self, made: Sequence[str]) -> None:
        for operation in reversed(made):
            undo, arguments = deletions(self.name)[_UNDO[operation]]
            try:
                getattr(self._control, undo)(**arguments)
                self.say(f"{undo} {self.name}")
            except (ClientError, BotoCoreError) as error:
                self.say(str(_explained(error, f"{undo} failed, it is still there")))

    def wait(self, timeout_s: float) -> None:
        """Say how it goes until the endpoint is in service.

        Raises:
            DeployError: it failed, is being deleted, or is not in service in time.
        """
        state = self._settled(timeout_s)
        if state is None:
            raise DeployError(f"there is no endpoint {self.name}")
        status = state["EndpointStatus"]
        if status in _IN_PROGRESS:
            raise DeployError(
                f"the endpoint is still {status} after {timeout_s:.0f} s; `wait` goes on waiting, "
                "`delete` waits too, and then ends the costs"
            )
        if status in _ENDED:
            reason = state.get("FailureReason") or "it says no reason"
            log = _LOG_GROUP.format(name=self.name)
            raise DeployError(
                f"the endpoint is {status}: {reason}; the container's own words are in the log "
                f"group {log}. `delete` takes away what was made"
            )

    def invoke(self, body: bytes, file: Path) -> tuple[float, float, int]:
        """Have a text spoken into a WAV file.

        Returns:
            Seconds until the first sound, seconds of sound, samples a second.

        Raises:
            DeployError: it was refused, broke off, or is no WAV.
        """
        config = Config(read_timeout=_READ_S, retries={"total_max_attempts": 1, "mode": "standard"})
        runtime: SageMakerRuntimeClient = boto3.client(
            "sagemaker-runtime", region_name=self.region, config=config
        )
        began, first = time.perf_counter(), 0.0
        wav = b""
        try:
            answer = runtime.invoke_endpoint_with_response_stream(
                EndpointName=self.name,
                ContentType="application/json",
                Accept="audio/wav",
                Body=body,
            )
            for part in _bytes_of(answer["Body"]):
                wav += part
                if not first and len(wav) > _HEADER_BYTES:
                    first = time.perf_counter() - began
        except (ClientError, BotoCoreError, HTTPError, ParserError) as error:
            raise _explained(error, f"{self.name} does not speak") from error
        if wav[:4] != b"RIFF" or len(wav) <= _HEADER_BYTES:
            raise DeployError(f"{self.name} answers {len(wav)} bytes that are no WAV")
        rate_hz, pcm = int.from_bytes(wav[24:28], "little"), wav[_HEADER_BYTES:]
        file.write_bytes(wav_header(rate_hz, len(pcm)) + pcm)
        return first, len(pcm) / 2 / rate_hz, rate_hz

    def delete(self, timeout_s: float) -> None:
        """Take all three away, in order; what is not there is passed over.

        An endpoint that is being made cannot be deleted, and needs the others until it is: it is
        waited for first.

        Raises:
            DeployError: one could not be deleted; those after it are still there.
        """
        state = self._settled(timeout_s)
        status = state["EndpointStatus"] if state is not None else ""
        if status in _IN_PROGRESS:
            raise DeployError(
                f"the endpoint is still {status} after {timeout_s:.0f} s, cannot be deleted before "
                "that ends, and costs: call `delete` again"
            )
        # One that is being deleted already is not told so again.
        for operation, arguments in deletions(self.name)[status == "Deleting" :]:
            try:
                getattr(self._control, operation)(**arguments)
                self.say(f"{operation} {self.name}")
            except (ClientError, BotoCoreError) as error:
                if not _is_missing(error):
                    raise _explained(error, f"{operation} failed, it is still there") from error
                self.say(f"{operation} {self.name}: there is none")

    def _settled(self, timeout_s: float) -> Any:
        """Its state once nothing is in progress, or after so long; None: there is none."""
        began, told = time.monotonic(), ""
        while (state := self._state()) is not None:
            status, after = state["EndpointStatus"], time.monotonic() - began
            if status != told:
                self.say(f"{status} after {after:.0f} s")
                told = status
            if status not in _IN_PROGRESS or after >= timeout_s:
                break
            time.sleep(self.poll_s)
        return state

    def _state(self) -> Any:
        """What SageMaker says of it; None: there is none."""
        try:
            return self._control.describe_endpoint(EndpointName=self.name)
        except (ClientError, BotoCoreError) as error:
            if _is_missing(error):
                return None
            raise _explained(error, f"{self.name} cannot be looked at") from error


def _bytes_of(stream: Any) -> Iterator[bytes]:
    with closing(stream) as events:
        for event in events:
            yield event["PayloadPart"]["Bytes"]


def _is_missing(error: Exception) -> bool:
    if not isinstance(error, ClientError):
        return False
    said = error.response.get("Error", {})
    return said.get("Code") == "ValidationException" and "Could not find" in said.get("Message", "")


def _explained(error: Exception, what: str) -> DeployError:
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        reason = f"{said.get('Code')}: {said.get('Message')}"
        status, own = (
            error.response.get("OriginalStatusCode"),
            error.response.get("OriginalMessage"),
        )
        if status:
            reason = f"the container answers {status}: {own}"
        return DeployError(f"{what}: {reason}")
    return DeployError(f"{what}: {error}")
