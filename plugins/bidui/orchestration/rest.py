"""Airflow's REST API as the hub's own programs use it: with the least role, and a token that is renewed in time.

The watcher starts runs with it; `announce` makes a month known that was closed on the command line.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from bidui.pipeline.office import Office

MONTH_CLOSED = "bidui://month/closed"
"""The asset by which Airflow knows that a month has been compared."""

LOGIN = "watcher"
_PATIENCE = 30
_RENEW_EARLY = 60.0
_TOKEN_LIFE = 3600.0


class Airflow:
    """The session of one login."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._url, self._login, self._password = url.rstrip("/"), login, password
        self._session = requests.Session()
        self._session.trust_env = False
        self._renew_at = 0.0

    @classmethod
    def of(cls, office: Office, url: str, login: str = LOGIN) -> Airflow:
        """The session of a login of this office: its password lies in ``secrets/login_<name>``."""
        return cls(url, login, (office.home / "secrets" / f"login_{login}").read_text(encoding="utf-8").strip())

    def post(self, path: str, body: dict[str, Any]) -> bool:
        """Create something; False when it is there already (409). Any other refusal raises requests.HTTPError."""
        answer = self._send("POST", path, json=body)
        if answer.status_code == HTTPStatus.CONFLICT:
            return False
        answer.raise_for_status()
        return True

    def get(self, path: str, **wanted: str) -> Any:
        """What the server says about ``path``; a refusal raises requests.HTTPError."""
        answer = self._send("GET", path, params=wanted)
        answer.raise_for_status()
        return answer.json()

    def _send(self, method: str, path: str, **given: Any) -> requests.Response:
        """One request; logs in when the token is old or refused."""
        if time.monotonic() >= self._renew_at:
            self._renew()
        address = f"{self._url}/api/v2{path}"
        answer = self._session.request(method, address, timeout=_PATIENCE, **given)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            self._renew()
            answer = self._session.request(method, address, timeout=_PATIENCE, **given)
        return answer

    def _renew(self) -> None:
        answer = self._session.post(
            f"{self._url}/auth/token", json={"username": self._login, "password": self._password}, timeout=_PATIENCE
        )
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self._renew_at = time.monotonic() + _TOKEN_LIFE - _RENEW_EARLY


def announce(airflow: Airflow, uri: str, period: str) -> None:
    """Say in Airflow that something has happened to a period, for the DAGs that are scheduled by it.

    LookupError when Airflow does not know an asset of that ``uri``.
    """
    found = airflow.get("/assets", uri_pattern=uri)["assets"]
    asset = next((a["id"] for a in found if a["uri"] == uri), None)
    if asset is None:
        raise LookupError(uri)
    airflow.post("/assets/events", {"asset_id": asset, "partition_key": period})
