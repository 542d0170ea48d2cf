"""Tipoff is watched: by systemd, by Prometheus, by whoever asks /healthz, and by an outside ping."""
