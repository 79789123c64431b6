"""Asking a machine elsewhere: connections, refusals, a second request where the first is slow."""
