"""The outbox and the digests: what waits to be sent, what is being sent, what came of it."""
