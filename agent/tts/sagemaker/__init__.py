"""Voices behind an endpoint of Amazon SageMaker."""
