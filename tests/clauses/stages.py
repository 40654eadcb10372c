"""The stages that proofs begin on, each played once under the shipped policy and copied for whoever goes on from it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

from bidui.pipeline import apply
from bidui.pipeline.office import Office as Hubs
from bidui.sealing import authority
from demo.control_room import ControlRoom
from demo.office import Office, Ports
from demo.parties import Parties
from demo.services.mail import MailServer
from demo.services.postgres import Postgres
from demo.services.process import LOOPBACK, free_port
from tests.clauses.disabling import PROFILE
from tests.clauses.stage import ARRIVED, CLOSED, Hub
from tests.e2e.county import County, certificates, copy_database

_LEFT = shutil.ignore_patterns("post", "inbox", "run")
"""What does not come along into a copy: mails above all."""


@dataclass(frozen=True)
class Stage:
    """A hub as it stood: its working folder and its database."""

    home: Path
    database: str
    signing: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Contact → certificate and key, within the folder."""


@dataclass
class Stages:
    """Stages by name, made when they are asked for: ``begun``, ``received``, ``closed``."""

    postgres: Postgres
    include: Path
    ready: str
    passwords: Path
    folder: Path
    _made: dict[str, Stage] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def stage(self, name: str) -> Stage:
        """The stage of that name."""
        if name not in self._made:
            self._made[name] = getattr(self, f"_{name}")()
        return self._made[name]

    @contextmanager
    def opened(self, name: str, include: Path) -> Iterator[Hub]:
        """A hub under a policy, which goes on from a stage; nothing of it is kept."""
        copy = self._copy(self.stage(name))
        with self._open(copy, include) as hub:
            yield hub
        self.postgres.drop_database(copy.database)
        shutil.rmtree(copy.home.parent)

    def _begun(self) -> Stage:
        """Keys and certificates, and nothing came in."""
        folder = self.folder / "begun"
        shutil.copytree(self.passwords, folder / "home" / "secrets")
        stage = Stage(folder / "home", "stage_begun")
        copy_database(self.postgres, self.ready, stage.database)
        with self._open(stage, self.include) as hub:
            now, office = hub.at(ARRIVED), hub.county.hub
            apply.apply_policy(office, now)
            start = now - timedelta(days=30)
            authority.create_hub_keys(office.keys, now=start, next_update=now + timedelta(days=365))
            issued = certificates(office, start)
        signing = {
            contact: (str(one.relative_to(stage.home)), str(two.relative_to(stage.home)))
            for contact, (one, two) in issued.items()
        }
        return Stage(stage.home, stage.database, signing)

    def _received(self) -> Stage:
        """All files of the month have come in."""
        stage = self._copy(self.stage("begun"))
        with self._open(stage, self.include) as hub:
            hub.at(ARRIVED)
            hub.month()
            ends = [(r.dataset, r.outcome, r.reason) for r in hub.county.room.received]
            assert {end for _, end, _ in ends} == {"accepted"}, ends
            hub.at(CLOSED)
        return stage

    def _closed(self) -> Stage:
        """The month is compared."""
        stage = self._copy(self.stage("received"))
        with self._open(stage, self.include) as hub:
            hub.close()
        return stage

    def _copy(self, stage: Stage) -> Stage:
        number = next(self._numbers)
        home, database = self.folder / str(number) / "home", f"stage_{number}"
        shutil.copytree(stage.home, home, ignore=_LEFT)
        copy_database(self.postgres, stage.database, database)
        return Stage(home, database, stage.signing)

    @contextmanager
    def _open(self, stage: Stage, include: Path) -> Iterator[Hub]:
        place = Office(stage.home, Ports(mail=free_port()), PROFILE)
        place.lay_out()
        address = f"{LOOPBACK}:{self.postgres.port}/{stage.database}"
        hub = Hubs(stage.home, include, PROFILE, address, f"{LOOPBACK}:{place.ports.mail}")
        signed = {contact: (stage.home / one, stage.home / two) for contact, (one, two) in stage.signing.items()}
        county = County(
            place, hub, Parties(place, hub, signed), ControlRoom(hub), self.postgres.dsn(stage.database),
            stage.home.parent,
        )  # fmt: skip
        server = MailServer(place.ports.mail, stage.home / "post")
        server.start()
        try:
            yield Hub(county)
        finally:
            server.stop()
            county.close()
