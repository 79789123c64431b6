"""Asking Amazon: sessions, connections, blocking requests off the event loop, refusals."""
