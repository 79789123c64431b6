"""Looking things up in the web during a call: engines, pages, and what the model is told."""
