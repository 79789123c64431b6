"""Telling a GPU that is lost to a process from a request that failed."""

_SIGNS = ("CUDA error", "device-side assert", "CUBLAS_STATUS_NOT_INITIALIZED")
"""In an error's text: nothing that this process does on its GPU will succeed any more."""


def lost_by(error: BaseException) -> str:
    """What shows that the GPU is lost; empty: it is not."""
    return next((sign for sign in _SIGNS if sign in str(error)), "")
