"""What people tell the bot."""
