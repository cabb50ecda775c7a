"""The decision: what a request comes to, given what was read. Pure."""
