"""What the model servers share: one queue, one way to start, one shape of errors."""
