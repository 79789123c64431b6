"""What surrounds the agent: commands, the demo, the talk page, a caller without a microphone."""
