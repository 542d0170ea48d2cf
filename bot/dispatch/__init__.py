"""It is said, once: pending alerts are rendered, paced, told and settled."""
