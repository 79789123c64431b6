"""A small language model on this machine: llama.cpp behind OpenAI's chat completions."""
