"""Reads config/*.toml, the environment and secret files → checked values.

Face:
    edit.Added, edit.FeedsFile, environment.Telegram, load.Configuration, load.FILES, load.Findings,
    load.find_database, load.write_shipped, opml.read_opml, opml.write_opml
"""
