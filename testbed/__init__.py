"""What stands in for the world: servers, networks, telephones, loudspeakers, voices.

For tests and benchmarks.
"""
