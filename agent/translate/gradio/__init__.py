"""SeamlessM4T's demo, which translates text too."""
