"""The tasks, and an orderly end."""
