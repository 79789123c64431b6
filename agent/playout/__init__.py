"""What enters the room, and which words of it were heard."""
