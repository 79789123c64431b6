"""What voices of a server elsewhere share: ask it, play what comes, say what failed."""
