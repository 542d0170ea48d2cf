"""Reads documents: bytes become entries, in worker processes that can be killed; one registry of formats."""
