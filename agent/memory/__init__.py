"""What is known of callers from earlier calls, by their own yes."""
