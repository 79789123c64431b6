"""Who the agent of one call is: what it is told to be, what it says by itself, and its voice."""
