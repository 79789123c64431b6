"""What all calls share, loaded once: the fork server imports this, job processes inherit it.

Silero alone would be 20 MB more in each process that loaded it anew.
"""

from agent import history
from agent.session import preload
from agent.worker import SETTINGS

preload(SETTINGS)
history.preload()
