"""The only place with SQL: what Tipoff knows, in one SQLite file."""
