"""Tipoff is watched: by systemd, by Prometheus, by whoever asks /healthz, and by an outside ping.

Face:
    health.HealthSnapshot, metrics.CountedFetcher, metrics.Metrics, metrics.TimedParser, schedule.Scheduler,
    schedule.StageLoop, server.HealthServer, systemd.Systemd, upkeep.Upkeep, watchdog.Watchdog
"""
