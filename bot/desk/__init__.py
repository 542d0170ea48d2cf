"""Is it wanted, told already, worth saying? Pending items become decisions."""
