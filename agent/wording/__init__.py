"""Text for the ear: what a written reply sounds like."""
