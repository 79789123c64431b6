"""The voice agent worker: it joins a LiveKit room, listens, thinks and speaks."""
