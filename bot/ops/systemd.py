"""Tells systemd how the daemon is (freedesktop.org/software/systemd/man/sd_notify.html); without it nothing is sent."""

import logging
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)

_LONGEST = 0.2  # seconds that systemd is waited for: its queue may be full


class Systemd:
    """One datagram a message, to the socket that the environment names."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        watchdog = environment.get("WATCHDOG_USEC", "")
        self.watchdog = int(watchdog) / 1e6 if watchdog.isdecimal() else None
        """Seconds within which systemd wants to hear of us, if it does."""

    @property
    def is_there(self) -> bool:
        """Say whether systemd listens."""
        return bool(self._address)

    def ready(self) -> None:
        """Say that the database and Telegram are there."""
        self._notify("READY=1")

    def alive(self) -> None:
        """Say that all is well."""
        self._notify("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the daemon stops."""
        self._notify("STOPPING=1")

    def extend_timeout(self, seconds: float) -> None:
        """Ask for more time to get ready: Telegram cannot be reached yet, and feeds are watched meanwhile."""
        self._notify(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def _notify(self, message: str) -> None:
        if not self._address:
            return
        # "@" stands for the zero byte of an abstract address
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.settimeout(_LONGEST)  # everything else stands still meanwhile
                sock.sendto(message.encode(), address)
        except OSError as error:
            log.warning("systemd_notify_failed message=%s reason=%s", message, error.strerror or error)
