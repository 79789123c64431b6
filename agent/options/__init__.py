"""What a person may set: typed, with a sentence for each field.

Pure data: nothing here reads the environment (`agent.settings.load` does) or imports an engine.
An engine of somebody's own declares its options with what is named here.
"""

from agent.options.fields import EngineOptions, setting

__all__ = ["EngineOptions", "setting"]
