"""The only place with SQL: what Tipoff knows, in one SQLite file.

Face:
    memory.MemoryStore, store.Store, store.back_up_beside, store.open_to_read, engine/backup.backups,
    engine/backup.rescue, engine/backup.restore, engine/lock.is_running, engine/lock.only_instance
"""
