"""Reply to speech: one module per engine, and the text pieces they speak."""
