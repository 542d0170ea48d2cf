"""A recorded day of news on loopback, for `tipoff demo`."""
