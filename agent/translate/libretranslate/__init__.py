"""LibreTranslate's wire: our own translation server, LibreTranslate, and what is like them."""
