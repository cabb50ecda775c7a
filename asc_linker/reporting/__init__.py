"""A report or an error, as the words a person reads and the values a workflow reads."""
