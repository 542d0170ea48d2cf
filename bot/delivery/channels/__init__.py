"""The ways out: one file for each messenger that a message can be sent through."""
