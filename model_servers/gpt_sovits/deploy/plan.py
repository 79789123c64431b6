"""What is asked of SageMaker to make an endpoint: three requests, from one description.

Sources: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/inference-gpu-drivers.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VARIANT = "all"
"""The one group of instances behind the endpoint."""
DEFAULT_INSTANCE = "ml.g5.xlarge"
DEFAULT_AMI = "al2-ami-sagemaker-inference-gpu-3-1"
"""What instances with a GPU are started from: with driver 550, which the image's CUDA 12.4 needs.
SageMaker's own choice has one that is too old for it."""
_WITH_GPU = ("ml.g", "ml.p")
STARTUP_S = 1200
"""How long the container may take until /ping says 200: the weights are 4 GB, and the first text
takes a minute. SageMaker's own limit is 8 minutes."""
DOWNLOAD_S = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One endpoint; the model and the configuration are called like it."""

    name: str
    image: str
    """In ECR, in the same region."""
    role: str
    """ARN of the role whose rights the container has: its bucket, its logs, its image."""
    model_data: str = ""
    """s3://…/model.tar.gz, unpacked to /opt/ml/model; empty: all is in the image."""
    instance: str = DEFAULT_INSTANCE
    count: int = 1
    ami: str = DEFAULT_AMI
    """Of instances with a GPU; empty: SageMaker's own choice."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Settings of the server, SERVE_GPT_SOVITS_…"""

    def requests(self) -> list[tuple[str, dict[str, Any]]]:
        """Operations of boto3's client with their arguments, in order."""
        container: dict[str, Any] = {"Image": self.image, "Environment": dict(self.environment)}
        if self.model_data:
            container["ModelDataUrl"] = self.model_data
        variant: dict[str, Any] = {
            "VariantName": VARIANT,
            "ModelName": self.name,
            "InstanceType": self.instance,
            "InitialInstanceCount": self.count,
            "ModelDataDownloadTimeoutInSeconds": DOWNLOAD_S,
            "ContainerStartupHealthCheckTimeoutInSeconds": STARTUP_S,
        }
        if self.ami and self.instance.startswith(_WITH_GPU):
            variant["InferenceAmiVersion"] = self.ami
        return [
            (
                "create_model",
                {
                    "ModelName": self.name,
                    "PrimaryContainer": container,
                    "ExecutionRoleArn": self.role,
                },
            ),
            (
                "create_endpoint_config",
                {"EndpointConfigName": self.name, "ProductionVariants": [variant]},
            ),
            ("create_endpoint", {"EndpointName": self.name, "EndpointConfigName": self.name}),
        ]


def deletions(name: str) -> list[tuple[str, dict[str, Any]]]:
    """What takes an endpoint away, in order; the first ends the costs."""
    return [
        ("delete_endpoint", {"EndpointName": name}),
        ("delete_endpoint_config", {"EndpointConfigName": name}),
        ("delete_model", {"ModelName": name}),
    ]
