"""Scripted talks with a persona, held by text or by voice and judged: `rejoinder rehearse`."""
