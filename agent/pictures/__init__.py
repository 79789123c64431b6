"""What the caller shows: pictures that they send, and what their camera or screen sees."""
