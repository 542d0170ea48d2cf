"""Reads config/*.toml, the environment and secret files → checked values.

Face:
    edit.Added, edit.add_feeds, edit.remove_feed, environment.TOKEN, environment.Telegram,
    environment.read_telegram, load.Configuration, load.FILES, load.Findings, load.examine, load.find_database,
    load.load, load.load_watches, load.with_chats, load.write_shipped, opml.LONGEST, opml.read_opml,
    opml.without_secrets, opml.write_opml
"""
