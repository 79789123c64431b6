"""Any language model of livekit-agents' plug-ins."""
