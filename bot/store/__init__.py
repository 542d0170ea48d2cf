"""The only place with SQL: what Tipoff knows, in one SQLite file.

Face:
    memory.MemoryStore, store.Store, store.back_up_beside, store.backups, store.count_readings, store.edited,
    store.explain, store.feed_health, store.feed_record, store.is_running, store.labels, store.near_misses,
    store.only_instance, store.open_to_read, store.own_feeds, store.own_watches, store.readings, store.rescue,
    store.restore, store.search, store.start_of_newest, store.status_of
"""
