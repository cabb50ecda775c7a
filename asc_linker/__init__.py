"""Attach an uploaded build to its App Store version, and say what happened."""
