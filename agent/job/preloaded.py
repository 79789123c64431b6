"""What all calls share, loaded once: the fork server imports this, job processes inherit it.

Silero alone would be 20 MB more in each process that loaded it anew.
"""

from agent.call.parts import preload
from agent.job.worker import SETTINGS
from agent.survival import history, history_copy

preload(SETTINGS)
history.preload()
history_copy.preload(SETTINGS.agent.history_url)
