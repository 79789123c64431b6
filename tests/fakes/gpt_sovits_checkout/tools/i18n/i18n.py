"""Texts for people, found as the real one finds them: from the folder that the process is in."""

import os


def scan_language_list() -> list[str]:
    here = os.path.join(os.path.dirname(os.path.relpath(__file__)), "locale")
    return [name.split(".")[0] for name in os.listdir(here)]
