"""What a person may set: typed, with a sentence for each field.

Pure data: nothing here reads the environment (`agent.settings.load` does) or imports an engine.
"""
