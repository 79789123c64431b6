"""What the model may do beside talking: whose tools they are, what guards them, MCP servers."""
