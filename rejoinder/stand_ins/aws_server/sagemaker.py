"""SageMaker's own interface: models, configurations and endpoints that take time to begin.

Source: botocore's service description `sagemaker` (JSON 1.1, `X-Amz-Target: SageMaker.…`);
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
"""

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from rejoinder.stand_ins.aws_server import behaviour

TARGET = "SageMaker."
"""What `X-Amz-Target` begins with."""
_ARN = "arn:aws:sagemaker:eu-west-1:123456789012"
_KINDS = {
    "Model": ("ModelName", "model"),
    "EndpointConfig": ("EndpointConfigName", "endpoint-config"),
    "Endpoint": ("EndpointName", "endpoint"),
}
_NAMES = {"Model": "model", "EndpointConfig": "endpoint configuration", "Endpoint": "endpoint"}


@dataclass
class SageMaker:
    """What was made, and what becomes of it."""

    made: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {kind: {} for kind in _KINDS}
    )
    """Requests by kind (`Model`, `EndpointConfig`, `Endpoint`) and name."""
    states: list[str] = field(default_factory=lambda: ["Creating", "Creating", "InService"])
    """What an endpoint is, from one look at it to the next; the last one stays."""
    failure: str = ""
    """Why it is `Failed`."""
    refused: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """Status, code and message by operation, `CreateEndpoint`."""
    loses_answers: bool = False
    """What is refused next is done all the same."""
    asked: list[str] = field(default_factory=list)
    """Operations, oldest first."""
    looks: dict[str, int] = field(default_factory=dict)

    def state(self, name: str) -> str | None:
        """Of an endpoint, without a look at it; None: there is none."""
        if name not in self.made["Endpoint"]:
            return None
        return self.states[min(self.looks[name], len(self.states) - 1)]

    def answer(self, target: str, body: dict[str, Any]) -> web.Response:
        """One operation."""
        operation = target.removeprefix(TARGET)
        self.asked.append(operation)
        if operation in self.refused:
            if self.loses_answers:
                self.loses_answers = False
                self._made(operation, body)
            return _fault(*self.refused[operation])
        return self._made(operation, body)

    def _made(self, operation: str, body: dict[str, Any]) -> web.Response:
        verb = next(v for v in ("Create", "Describe", "Delete") if operation.startswith(v))
        kind = operation.removeprefix(verb)
        field_name, arn = _KINDS[kind]
        name = body[field_name]
        there = self.made[kind]
        if verb == "Create":
            if name in there:
                said = f'Cannot create already existing {_NAMES[kind]} "{_ARN}:{arn}/{name}".'
                return _fault(400, "ValidationException", said)
            there[name] = body
            if kind == "Endpoint":
                self.looks[name] = 0
            return _json({f"{kind}Arn": f"{_ARN}:{arn}/{name}"})
        if name not in there:
            said = f'Could not find {_NAMES[kind]} "{_ARN}:{arn}/{name}".'
            return _fault(400, "ValidationException", said)
        if verb == "Delete":
            if kind == "Endpoint" and self.state(name) in ("Creating", "Updating"):
                said = f'Cannot update in-progress endpoint "{_ARN}:{arn}/{name}".'
                return _fault(400, "ValidationException", said)
            del there[name]
            return _json({})
        state = self.state(name)
        self.looks[name] += 1
        return _json(
            {
                "EndpointName": name,
                "EndpointArn": f"{_ARN}:{arn}/{name}",
                "EndpointConfigName": there[name]["EndpointConfigName"],
                "EndpointStatus": state,
                "CreationTime": 0,
                "LastModifiedTime": 0,
                **({"FailureReason": self.failure} if self.failure else {}),
            }
        )


def _fault(status: int, code: str, message: str) -> web.Response:
    """JSON 1.1 tells the code in the body too, and its clients look for it there alone."""
    return behaviour.fault(status, code, message, __type=code)


def _json(body: dict[str, Any]) -> web.Response:
    return web.Response(text=json.dumps(body), content_type="application/x-amz-json-1.1")
