"""Strings end here: from what a user typed to a job that can be meant, or every fault at once."""
