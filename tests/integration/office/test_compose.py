"""docker-compose.yaml and Dockerfile, held against the launcher that is run here every day.

No container engine is needed: what an engine would be handed is compared with what runs natively.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from demo import office
from demo.services import switchboard
from demo.services.airflow import COMPONENTS, CUSTOM_ROLES, WORKER, Airflow
from demo.services.broker import PROGRAM, Broker
from demo.services.postgres import SETTINGS

PARSER = "docker-compose"
OF_THE_IMAGE = {"POSTGRES_PASSWORD_FILE"}
"""What an image of others is told in its own words."""
PINNED = re.compile(r"[a-z]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?")


@pytest.fixture(scope="module")
def compose(repository):
    return YAML(typ="safe").load(repository / "docker-compose.yaml")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """What ``python -m demo.services secrets`` makes."""
    place = office.at(tmp_path_factory.mktemp("office") / "office", {})
    switchboard.lay_out_containers(place, lambda _line: None)
    return place


@pytest.mark.skipif(not shutil.which(PARSER) and not os.environ.get("CI"), reason=f"{PARSER} is not installed")
def test_an_engine_could_read_it(repository):
    asked = {"env": {**os.environ, "BIDUI_UID": "1000"}, "cwd": repository, "capture_output": True, "text": True}
    found = subprocess.run([PARSER, "config", "--services"], **asked, check=True)
    assert set(found.stdout.split()) >= {*COMPONENTS, "worker", "watcher", "postgres", "redis", "mail"}
    without = subprocess.run([PARSER, "config"], **{**asked, "env": {"PATH": os.environ["PATH"]}}, check=False)
    assert without.returncode
    assert "BIDUI_UID" in without.stderr


def test_every_image_is_pinned(compose, repository):
    images = {service["image"] for service in compose["services"].values()}
    built = re.findall(r"^FROM (\S+)", (repository / "Dockerfile").read_text(), re.MULTILINE)
    assert [image for image in [*images, *built] if not PINNED.fullmatch(image)] == []


def test_it_says_nothing_that_the_launcher_does_not_say(compose, place):
    known = set(Airflow(place, broker=Broker(place, 6379)).environment())
    said = {name for service in compose["services"].values() for name in service.get("environment", {})}
    assert said - known == OF_THE_IMAGE


def test_it_says_all_that_airflow_and_the_hub_need(compose, place):
    """Only figures for one small machine are the embedded launcher's own."""
    of_one_machine = {"PARALLELISM", "PARSING_PROCESSES", "MIN_FILE_PROCESS_INTERVAL", "REFRESH_INTERVAL",
                      "PRINT_STATS_INTERVAL", "COLORED_CONSOLE_LOG"}  # fmt: skip
    needed = {
        name for name in Airflow(place, broker=Broker(place, 6379)).environment()
        if name.startswith("AIRFLOW") and name.rpartition("__")[2] not in of_one_machine
    }  # fmt: skip
    assert needed - set(compose["services"]["scheduler"]["environment"]) == set()


def test_its_roles_are_the_launchers(compose):
    assert json.loads(compose["services"]["api-server"]["environment"]["AIRFLOW__FAB__CUSTOM_ROLES"]) == CUSTOM_ROLES


def test_its_commands_are_the_launchers(compose):
    launched = {("python", "-m", "airflow", *command) for command in (*COMPONENTS.values(), WORKER)}
    launched |= {("python", "-m", "bidui", "watch"), (PROGRAM, "/run/secrets/redis.conf")}
    for name, service in compose["services"].items():
        command = tuple(service["command"])
        if command[:2] == ("python", "-m") and command[2].startswith("demo.services."):
            module = Path(*command[2].split(".")).with_suffix(".py")
            assert module.is_file(), name
        elif name != "postgres":
            assert command in launched, name


def test_postgres_logs_no_value_that_somebody_sent(compose):
    options = [option for option in compose["services"]["postgres"]["command"] if "=" in option]
    stated = dict(option.split("=", 1) for option in options)
    assert stated == {name: value for name, value in SETTINGS.items() if name.startswith("log_") and name in stated}
    assert {"log_min_error_statement", "log_parameter_max_length_on_error"} <= stated.keys()


def test_every_secret_is_a_file_that_only_its_owner_reads(compose, place):
    text = str(compose)
    named = set(re.findall(r"/srv/bidui/secrets/([\w.]+)", text))
    named |= {Path(secret["file"]).name for secret in compose["secrets"].values()}
    assert named >= {
        "db_superuser",
        "redis.conf",
        "airflow_fernet",
        "airflow_jwt",
        "airflow_session",
        "pgpass",
        "redis",
    }
    for name in named:
        assert (place.home / "secrets" / name).stat().st_mode & 0o077 == 0, name
        assert (place.home / "secrets" / name).read_text().strip() not in text


def test_only_the_page_can_be_reached_and_only_from_here(compose):
    assert [port for service in compose["services"].values() for port in service.get("ports", [])] == [
        "127.0.0.1:8080:8080"
    ]


def test_celery_is_one_that_the_provider_can_import(repository):
    """5.7.0 breaks the provider at import; ``pip check`` does not see it."""
    (version,) = re.findall(r"^celery==([\d.]+)", (repository / "requirements.txt").read_text(), re.MULTILINE)
    assert tuple(map(int, version.split("."))) < (5, 7)
