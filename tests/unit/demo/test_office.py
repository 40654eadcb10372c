"""The working folder: secrets made once, an environment that a shell and a program read alike."""

import stat
import subprocess

from demo import office


def test_secrets_are_made_once_and_are_private(tmp_path):
    place = office.at(tmp_path, {})
    place.lay_out()
    before = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert set(before) == {"db_owner", "db_intake", "db_compare", "db_deliver", "db_airflow"}
    assert len(set(before.values())) == len(before)
    place.lay_out()
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets").iterdir()} == {0o600}


def test_the_environment_file_says_the_same_to_a_shell_and_holds_no_secret(tmp_path):
    place = office.at(tmp_path / "a 'quoted' home", {}, database=15999)
    place.lay_out()
    read = office.load(place.home)
    assert read["BIDUI_DB"] == "127.0.0.1:15999/bidui"
    script = 'set -a; . "$0"; printf %s "$BIDUI_HOME"'
    shell = subprocess.run(["sh", "-c", script, place.home / "env"], check=True, capture_output=True, text=True)
    assert shell.stdout == read["BIDUI_HOME"] == str(place.home)
    secrets = [path.read_text() for path in (place.home / "secrets").iterdir()]
    assert not any(secret in (place.home / "env").read_text() for secret in secrets)


def test_ports_come_from_the_argument_then_the_environment_then_last_time(tmp_path):
    office.at(tmp_path, {}, web=18081, mail=18026).lay_out()
    place = office.at(tmp_path, {"BIDUI_MAIL_PORT": "18027"}, database=15433)
    assert place.ports == office.Ports(database=15433, mail=18027, web=18081)


def test_variables_of_the_hub_are_passed_through(tmp_path, monkeypatch):
    monkeypatch.setenv("BIDUI_SIMULATED", "1")
    assert office.at(tmp_path, {}).environment()["BIDUI_SIMULATED"] == "1"
