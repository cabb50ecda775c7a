"""The wire: Apple's words, requests, retries, tokens and refusals."""
