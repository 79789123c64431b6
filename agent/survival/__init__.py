"""How a call outlives its process: who notices, who takes it over, what was said until then."""
