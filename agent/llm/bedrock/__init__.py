"""Language models of Amazon Bedrock."""
