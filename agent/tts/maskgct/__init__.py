"""Cloned voices of MaskGCT."""
