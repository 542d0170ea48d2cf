"""Tipoff watches news feeds and tells a Telegram chat, once, when somebody or something it watches makes news."""

__version__ = "0.1.0"
