"""What a call can do besides talking: a module for each, a line in `agent.call.features`."""
