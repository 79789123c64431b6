"""A recorded call as a page to look at, and as lines of a terminal."""
