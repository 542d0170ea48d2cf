"""Tipoff is watched: by systemd, by Prometheus, by whoever asks /healthz, and by an outside ping.

Face:
    metrics.Metrics, probe.Probe, schedule.Scheduler, schedule.Signal, schedule.StageLoop, schedule.Tasks,
    server.HealthServer, systemd.Systemd, upkeep.Upkeep, watchdog.Watchdog
"""
