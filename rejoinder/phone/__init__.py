"""The operator's side of the telephone: LiveKit's trunks, dispatch rules and calls out."""
