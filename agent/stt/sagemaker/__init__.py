"""Recognisers behind an endpoint of Amazon SageMaker."""
