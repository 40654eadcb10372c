"""Airflow's tables and logins in one process: ``python -m demo.services.prepare boss=Admin watcher=Watcher``.

The commands ``airflow db migrate`` and ``airflow users create`` would each load Airflow anew. Passwords are
read from ``$BIDUI_HOME/secrets/login_<name>``; a login that exists gets that password and role again. Custom
roles come from Airflow's own configuration ([fab] custom_roles). Whoever approves by the policy gets a login, too, and
the tasks that ask find its id in the variable ``approvers``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bidui.orchestration.defaults import LOGINS
from demo.office import Office
from demo.services.airflow import approvers


def migrate() -> None:
    """Create Airflow's tables, or bring them up to this version."""
    from airflow.utils import db

    db.upgradedb()


def write_logins(roles: Mapping[str, str], office: Office) -> dict[str, int]:
    """Create or renew the logins ``{name: role}``; returns their ids."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        manager = builder.sm
        manager.sync_roles()
        for name, role_name in roles.items():
            role = manager.find_role(role_name)
            if role is None:
                raise SystemExit(f"no role {role_name}")
            password = office.secret(f"login_{name}")
            user = manager.find_user(username=name)
            if user is None:
                manager.add_user(name, name, role_name, f"{name}@localhost", role, password)
            else:
                user.roles = [role]
                manager.update_user(user)
                manager.reset_password(user.id, password)
        return {name: manager.find_user(username=name).id for name in roles}


def tell_approvers(logins: Mapping[str, int]) -> None:
    """Write the variable in which the tasks look up whose login may answer."""
    from airflow.models.variable import Variable

    Variable.set(LOGINS, dict(logins), serialize_json=True)


def main(arguments: Sequence[str]) -> None:
    """Migrate, then write the logins: those that were asked for, and those of whoever approves."""
    migrate()
    office = Office(Path(os.environ["BIDUI_HOME"]))
    write_logins(dict(argument.split("=", 1) for argument in arguments), office)
    tell_approvers(write_logins({login.name: login.role for login in approvers(office)}, office))


if __name__ == "__main__":
    main(sys.argv[1:])
