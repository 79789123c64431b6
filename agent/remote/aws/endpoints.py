"""What is asked of SageMaker's endpoints, whoever asks, for errors that say what to do."""

from agent.remote.aws.errors import Asked


def asked_of(endpoint: str, *, stage: str, action: str) -> Asked:
    """A request to an endpoint.

    Args:
        endpoint: its name.
        stage: what the engine's settings begin with: `STT`.
        action: what the identity must be allowed, such as `sagemaker:InvokeEndpoint`.
    """
    setting = f"{stage}_ENDPOINT"
    not_ready = f"endpoint {endpoint} is not InService: see its state in the SageMaker console"
    return Asked(
        "SageMaker",
        action,
        f"endpoint {endpoint}",
        f"{setting} to an endpoint of this region, not {endpoint}",
        {
            "not found": f"set {setting} to the name of an endpoint, and AWS_REGION to its region",
            # Not `service` alone, which refusals of an organisation's policies have.
            "in service": not_ready,
            "inservice": not_ready,
        },
    )
