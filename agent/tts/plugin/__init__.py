"""Any voice of livekit-agents' plug-ins."""
