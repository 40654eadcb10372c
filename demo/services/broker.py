"""The queue of the office's way of working: Redis on loopback, with a password, nothing kept on disk.

The embedded default needs none; it stands beside Airflow when tasks are handed to Celery workers. The program
``redis-server`` is Debian's (``apt-get install redis-server``).
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from demo.office import REPOSITORY, Office
from demo.services.process import LOOPBACK, Program, ServiceError, answers, tail

PROGRAM = "redis-server"
_PATIENCE = 10.0


def url_command(secret: Path, server: str) -> str:
    """The command that prints the address of the broker at ``server`` (host:port) with the password in ``secret``."""
    return f"""sh -c 'printf redis://:%s@{server}/0 "$(cat {secret})"'"""


class Broker:
    """One Redis of one office."""

    def __init__(self, office: Office, port: int) -> None:
        """``port`` on loopback."""
        self.office = office
        self.port = port
        self.program = Program("redis", office.run)

    @property
    def url_command(self) -> str:
        """Prints the broker's address with its password, for Celery: no password stands in an environment."""
        return url_command(self.office.home / "secrets" / "redis", f"{LOOPBACK}:{self.port}")

    @property
    def configuration(self) -> Path:
        """Redis's own file: a password on a command line would be anybody's to read."""
        return self.office.home / "secrets" / "redis.conf"

    def lay_out(self, bind: str) -> None:
        """Write the configuration, for a server that listens on the address ``bind``."""
        password = self.office.secret("redis")
        lines = (f"bind {bind}", f"port {self.port}", f"requirepass {password}", 'save ""', "appendonly no")
        self.office.keep_secret(self.configuration.name, "\n".join(lines) + "\n")

    def start(self) -> None:
        """Start Redis and wait until it answers.

        Raises:
            ServiceError: it is not installed or does not come up.
        """
        program = shutil.which(PROGRAM)
        if program is None:
            raise ServiceError(f"缺少 {PROGRAM}，在 Debian 上：apt-get install redis-server")
        self.lay_out(LOOPBACK)
        self.program.start([program, str(self.configuration)], {"PATH": "/usr/bin:/bin"}, REPOSITORY)
        deadline = time.monotonic() + _PATIENCE
        while not answers(self.port):
            if not self.program.is_running() or time.monotonic() > deadline:
                raise ServiceError(f"Redis 没有起来，见 {self.program.log}\n{tail(self.program.log)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it."""
        self.program.stop()
