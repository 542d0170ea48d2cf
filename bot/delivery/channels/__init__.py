"""The ways out: one file a channel, and one registry of them."""
