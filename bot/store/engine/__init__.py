"""How the database is opened, kept in one piece, migrated and copied: what is SQLite alone stands here."""
