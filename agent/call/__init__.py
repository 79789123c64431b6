"""One call: who is served, what is said and told, and the session that does it."""
