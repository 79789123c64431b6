"""When to listen, when to answer, when to stop."""
