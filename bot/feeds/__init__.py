"""News comes in: due feeds are asked, their documents read, and new items committed.

Face:
    delta.read_all, discovery.DiscoveredFeed, discovery.look_for_feeds, due_times.TOO_MANY,
    due_times.UNAVAILABLE, due_times.next_due, feed_statistics.after_answer, feed_statistics.with_arrivals,
    fetch.HttpFetcher, identity.believable, parsing/workers.ParseWorkers, stage.FetchStage, stage.hash_of
"""
