"""SeamlessM4T-v2 for any number of callers; its wire format is in PROTOCOL.md."""
