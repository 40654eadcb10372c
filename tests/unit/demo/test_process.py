"""Programs are known again by their pid file and end together with what they started."""

import os
import signal
import socket
import sys
import time

import pytest

from demo.services.process import Program, ServiceError, ensure_free, free_port, lives

GROUP_OF_ITS_OWN = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import os,time; os.setpgid(0, 0); time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def program(tmp_path):
    program = Program("sleeper", tmp_path)
    yield program
    program.stop()


def start(program):
    """Start a program with one child in another process group; the child's pid."""
    program.start([sys.executable, "-c", GROUP_OF_ITS_OWN], dict(os.environ), program.folder)
    while not program.log.read_text().endswith("\n"):
        time.sleep(0.02)
    return int(program.log.read_text())


def test_a_later_command_stops_it_with_its_children(program):
    child = start(program)
    Program(program.name, program.folder).stop()
    assert not lives(child)
    assert not program.is_running()
    assert not program.pid_file.exists()


def test_what_a_killed_leader_left_is_found_and_ended(program):
    child = start(program)
    os.kill(program.leader(), signal.SIGKILL)
    while program.is_running():
        time.sleep(0.02)
    assert program.members() == [child]
    program.stop()
    assert not lives(child)


def test_starting_twice_starts_one(program):
    start(program)
    leader = program.leader()
    program.start(["false"], {}, program.folder)
    assert program.leader() == leader


def test_a_pid_that_now_is_another_program_is_left_alone(program):
    program.pid_file.write_text(f"{os.getpid()} 1.0\n")
    program.stop()
    assert lives(os.getpid())


def test_a_run_to_the_end_gives_the_exit_code(program):
    assert program.run([sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ), program.folder) == 3


def test_a_taken_port_is_named_together_with_the_way_out():
    ensure_free(free_port(), "Postgres", "--database-port")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=f"端口 {port}（Postgres）.*--database-port"):
            ensure_free(port, "Postgres", "--database-port")
