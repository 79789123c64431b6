"""Amazon in one port of loopback: Bedrock, SageMaker, Polly, Transcribe, S3 and STS.

    AWS_ENDPOINT_URL=http://127.0.0.1:PORT AWS_ACCESS_KEY_ID=nobody AWS_SECRET_ACCESS_KEY=nothing

Real boto3 is served, and Transcribe's websocket. The wire is AWS's own: event-stream frames with
checksums, error bodies with their headers, addresses that are signed. There are no models behind
it: texts are scripted, voices speak a tone for each word, and Transcribe hears such tones.
"""

from rejoinder.stand_ins.aws_server.bedrock import text_events, tool_events
from rejoinder.stand_ins.aws_server.behaviour import AwsBehaviour, AwsRequest
from rejoinder.stand_ins.aws_server.server import AwsStandIn
from rejoinder.stand_ins.aws_server.transcribe import TranscribeStreams

__all__ = [
    "AwsBehaviour",
    "AwsRequest",
    "AwsStandIn",
    "TranscribeStreams",
    "text_events",
    "tool_events",
]
