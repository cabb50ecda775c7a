"""The story: read, decide, write, read back."""
