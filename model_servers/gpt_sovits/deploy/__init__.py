"""Put the GPT-SoVITS container behind an endpoint of Amazon SageMaker, try it, take it away."""
