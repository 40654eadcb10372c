"""The states of one county, kept so that whatever is tried on it can begin again at any of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from bidui.orchestration import clock
from demo.services.postgres import Postgres
from tests.e2e.county import County, copy_database

FOLDERS = ("vault", "post", "inbox", "backup", "keys")
"""Folders of a hub that its steps write to."""


@dataclass
class States:
    """The database, the folders and the clock of a county at some moments."""

    county: County
    postgres: Postgres
    kept: Path
    """A folder of its own."""
    _databases: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> str:
        """The name of the county's database."""
        return self.county.hub.database_address.partition("/")[2]

    def keep(self, name: str) -> None:
        """Keep what is there now under that name."""
        self._databases[name] = f"{self.database}_{len(self._databases)}"
        self._copy(self.database, self._databases[name])
        self._lay(self.county.hub.home, self.kept / name)

    def go_back(self, name: str) -> None:
        """Begin again there."""
        self._copy(self._databases[name], self.database)
        self._lay(self.kept / name, self.county.hub.home)

    def drop(self) -> None:
        """Forget all states."""
        for name in self._databases.values():
            self.postgres.drop_database(name)

    def _copy(self, source: str, target: str) -> None:
        self.county.hub.database.close()
        copy_database(self.postgres, source, target)

    @staticmethod
    def _lay(source: Path, target: Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        for folder in FOLDERS:
            shutil.rmtree(target / folder, ignore_errors=True)
            if (source / folder).exists():
                shutil.copytree(source / folder, target / folder)
        shutil.copy(source / clock.FILE, target / clock.FILE)
