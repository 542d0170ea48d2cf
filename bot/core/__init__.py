"""What every room may use: errors, the clock, settings, logs, text, links, the values that travel, the ports."""
