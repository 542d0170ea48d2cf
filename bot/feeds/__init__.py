"""News comes in: due feeds are polled, their documents read, and new items committed.

Face:
    discovery.DiscoveredFeed, discovery.look_for_feeds, fetch.HttpFetcher, manual_check.CheckOutcome,
    manual_check.CheckResult, manual_check.ManualCheck, manual_check.first_interval, parsing/workers.ParseWorkers,
    stage.FetchStage
"""
