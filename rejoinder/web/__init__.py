"""The talk page and the token endpoint."""
