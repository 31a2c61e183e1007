"""Feeds and documents: what changed, whether it matters, from when."""
