"""What all calls share, loaded once: the fork server imports this, job processes inherit it.

Fork-safe by the rule that nothing here starts a thread or an event loop. Silero's session runs
on its caller's thread; each process that loaded it anew would hold 20 MB more.
"""

import importlib

from agent.session import SLOW_IMPORTS
from agent.turns.ear import load_detector

for _name in SLOW_IMPORTS:
    importlib.import_module(_name)
load_detector()
