"""The flight recorder: a call kept in one file, read again, and decided again."""
