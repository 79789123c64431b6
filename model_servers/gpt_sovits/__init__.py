"""GPT-SoVITS as a container of Amazon SageMaker; its wire format is in PROTOCOL.md."""
