"""The working folder of one hub (BIDUI_HOME): its folders, its secrets, its ports and its environment.

Secrets are random, made once, one file each (0600). ``<home>/env`` holds KEY=VALUE lines, quoted for a shell
(``set -a; . build/demo/env``) and read back by `load`; no password stands in it.
"""

from __future__ import annotations

import base64
import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.services import postgres

REPOSITORY = Path(__file__).resolve().parents[1]
LOOPBACK = "127.0.0.1"

FOLDERS = ("inbox", "vault", "keys", "secrets", "post", "run", "airflow")
DATABASE_ROLES = ("owner", "intake", "compare", "deliver")
"""Database roles of the product: role ``bidui_<name>``, password in ``secrets/db_<name>``."""


@dataclass(frozen=True)
class Ports:
    """TCP ports on loopback."""

    database: int = 15432
    mail: int = 18025
    web: int = 18080
    drill: int = 15433


@dataclass(frozen=True)
class Office:
    """One hub's working folder with the ports of its services."""

    home: Path
    ports: Ports = Ports()
    profile: str = "demo"

    @property
    def run(self) -> Path:
        """Pid files and logs of the services."""
        return self.home / "run"

    def lay_out(self) -> None:
        """Make the folders and the secrets that are missing, and write ``env``; harmless to repeat."""
        self.home.mkdir(parents=True, exist_ok=True)
        for name in FOLDERS:
            (self.home / name).mkdir(exist_ok=True)
        (self.home / "secrets").chmod(0o700)
        for role in (*DATABASE_ROLES, "airflow"):
            self.secret(f"db_{role}")
        write_environment(self.home / "env", self.environment())

    def secret(self, name: str) -> str:
        """The secret of that name, made (192 random bits) when it is asked for the first time."""
        path = self.home / "secrets" / name
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(24))
        return path.read_text(encoding="utf-8").strip()

    def keep_secret(self, name: str, text: str) -> None:
        """Write a secret that was made elsewhere."""
        _write_private(self.home / "secrets" / name, text)

    def fernet_key(self, name: str) -> str:
        """Like `secret`, in the form that Airflow's encryption of connections asks for."""
        path = self.home / "secrets" / name
        if not path.exists():
            _write_private(path, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        return path.read_text(encoding="utf-8").strip()

    def environment(self) -> dict[str, str]:
        """The BIDUI_* variables of this hub; others in the caller's environment are passed through."""
        inherited = {name: value for name, value in os.environ.items() if name.startswith("BIDUI_")}
        return inherited | {
            "BIDUI_HOME": str(self.home),
            "BIDUI_INCLUDE": os.environ.get("BIDUI_INCLUDE", str(REPOSITORY / "include")),
            "BIDUI_PROFILE": os.environ.get("BIDUI_PROFILE", self.profile),
            "BIDUI_DB": f"{LOOPBACK}:{self.ports.database}/bidui",
            "BIDUI_SMTP": f"{LOOPBACK}:{self.ports.mail}",
            "BIDUI_WEB": f"http://{LOOPBACK}:{self.ports.web}",
            "BIDUI_SIMULATED": "1",
            "BIDUI_DB_PORT": str(self.ports.database),
            "BIDUI_MAIL_PORT": str(self.ports.mail),
            "BIDUI_WEB_PORT": str(self.ports.web),
            "BIDUI_PG_BIN": str(postgres.programs()),
            "BIDUI_DRILL_DB": f"{LOOPBACK}:{self.ports.drill}",
            "BIDUI_DRILL_PORT": str(self.ports.drill),
            "BIDUI_DRILL_KEEP": "1",  # what a drill restored stays, so that it can be held against the source
        }


def at(home: Path, environ: Mapping[str, str] | None = None, **ports: int | None) -> Office:
    """The office at ``home``; a port is the one given, else that of ``environ``, of last time, the default.

    Args:
        home: the working folder, new or used before.
        environ: where BIDUI_DB_PORT, BIDUI_MAIL_PORT and so on are looked up (default: os.environ).
        **ports: ``database``, ``mail``, ``web``, ``drill``; None counts as not given.
    """
    home = home.absolute()
    given = os.environ if environ is None else environ
    before = load(home) if (home / "env").exists() else {}
    chosen = {}
    for name, variable in (
        ("database", "BIDUI_DB_PORT"),
        ("mail", "BIDUI_MAIL_PORT"),
        ("web", "BIDUI_WEB_PORT"),
        ("drill", "BIDUI_DRILL_PORT"),
    ):
        value = ports.get(name) or given.get(variable) or before.get(variable)
        if value:
            chosen[name] = int(value)
    return Office(home, Ports(**chosen))


def unknown_profile(variables: Mapping[str, str]) -> str:
    """What is told of BIDUI_PROFILE when there is no such profile; empty when there is."""
    known = sorted(path.stem for path in Path(variables["BIDUI_INCLUDE"]).glob("profiles/*.yaml"))
    known = [profile for profile in known if profile != "base"]
    if variables["BIDUI_PROFILE"] in known:
        return ""
    return f"没有县（市）配置 {variables['BIDUI_PROFILE']}：PROFILE 应为 {'、'.join(known)} 之一"


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """Write KEY=VALUE lines, quoted for a shell (0600)."""
    _write_private(path, "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items()))


def load(home: Path) -> dict[str, str]:
    """The variables that ``<home>/env`` sets."""
    lines = (home / "env").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines)
    return {name: "".join(shlex.split(value)) for name, _, value in pairs}


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
