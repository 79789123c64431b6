"""Any recogniser of livekit-agents' plug-ins."""
