"""The demo's accidents strike the very process that comes to write, whoever runs the demo."""

import signal
import subprocess
import sys

from demo.accidents import Accidents

WRITER = """
import sys
from pathlib import Path
from sqlalchemy import text
from bidui.store.database import Database, Role
with Database(sys.argv[1], Path(sys.argv[2])).begin(Role.INTAKE) as connection:
    connection.execute(text("LOCK TABLE core.certificate IN ROW EXCLUSIVE MODE"))
"""


def test_the_process_that_comes_to_write_is_killed(copied, postgres, passwords, tmp_path, repository):
    with copied() as address:
        accidents = Accidents(postgres, tmp_path, address.partition("/")[2])
        with accidents.killed("core.certificate"):
            command = [sys.executable, "-c", WRITER, address, str(passwords)]
            ended = subprocess.run(command, cwd=repository, env={"PYTHONPATH": "plugins"}, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
