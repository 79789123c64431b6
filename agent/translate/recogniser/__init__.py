"""No translator: what the recogniser writes is the translation, as SeamlessM4T's /s2tt does."""
