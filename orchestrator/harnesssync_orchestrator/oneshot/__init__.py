"""Commands that need no supervisor: they sync, check and show one project through the code and locks of the service."""
