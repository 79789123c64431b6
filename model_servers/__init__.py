"""Model servers: heavy models, loaded once, shared by all calls."""
