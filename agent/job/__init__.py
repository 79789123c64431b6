"""The process: it waits for calls, and serves each in a process of its own."""
