"""Captions and interpreting: what everybody in a room says, clause by clause, in other languages.

track ─► ear ─► voice activity ─► recogniser ─► agreement ─► clauses ─► translations ─► captions
"""
