"""Bytes become entries: one file a format, in worker processes that can be killed."""
