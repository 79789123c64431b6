"""Writes docs/engines.md: what was run of each engine, how it is set, what happens when it fails.

python -m tools.engines_doc          tests of all contracts, then the checks: minutes
python -m tools.engines_doc --only-write   the tables again, from what was run before
"""
