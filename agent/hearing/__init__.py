"""What a caller's track sounds like: voice, echo, the end of a turn by its sound."""
