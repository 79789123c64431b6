"""Plug-ins of livekit-agents that a person has installed: found by name, made, asked, explained."""
