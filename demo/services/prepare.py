"""Airflow's tables and logins in one process: ``python -m demo.services.prepare boss=Admin watcher=Watcher``.

The commands ``airflow db migrate`` and ``airflow users create`` would each load Airflow anew. Passwords are
read from ``$BIDUI_HOME/secrets/login_<name>``; a login that exists gets that password and role again. Custom
roles come from Airflow's own configuration ([fab] custom_roles).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def migrate() -> None:
    """Create Airflow's tables, or bring them up to this version."""
    from airflow.utils import db

    db.upgradedb()


def write_logins(roles: Mapping[str, str], secrets: Path) -> None:
    """Create or renew the logins ``{name: role}``."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        manager = builder.sm
        manager.sync_roles()
        for name, role_name in roles.items():
            role = manager.find_role(role_name)
            if role is None:
                raise SystemExit(f"no role {role_name}")
            password = (secrets / f"login_{name}").read_text(encoding="utf-8").strip()
            user = manager.find_user(username=name)
            if user is None:
                manager.add_user(name, name, role_name, f"{name}@localhost", role, password)
            else:
                user.roles = [role]
                manager.update_user(user)
                manager.reset_password(user.id, password)


def main(arguments: Sequence[str]) -> None:
    """Migrate, then write the logins."""
    migrate()
    write_logins(dict(argument.split("=", 1) for argument in arguments), Path(os.environ["BIDUI_HOME"], "secrets"))


if __name__ == "__main__":
    main(sys.argv[1:])
