"""An engine in one folder, as CONTRIBUTING.md says: a language model that repeats what it hears."""
