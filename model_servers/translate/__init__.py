"""Text translation over HTTP, in LibreTranslate's shape; its wire format is in PROTOCOL.md."""
