"""Settings of the worker, and the engines that they name."""
