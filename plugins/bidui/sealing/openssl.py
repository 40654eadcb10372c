"""The ``openssl`` command, 3.0 or later: found, checked, and run without the machine's own settings.

The ``cryptography`` library signs CMS but has no function that verifies it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache

from bidui.sealing.errors import SealCode, SealError

TIMEOUT_SECONDS = 60


def run(arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """Run ``openssl <arguments>``; the caller judges the return code.

    Raises:
        SealError: openssl_missing, openssl_too_old.
    """
    found = shutil.which("openssl")
    if found is None:
        raise SealError(SealCode.OPENSSL_MISSING)
    _check_version(found)
    return _call(found, arguments)


@lru_cache(maxsize=4)
def _check_version(binary: str) -> None:
    answer = _call(binary, ["version"]).stdout.decode(errors="replace")
    version = re.match(r"OpenSSL (\d+)\.", answer)  # LibreSSL has no usable cms command
    if version is None or int(version[1]) < 3:
        raise SealError(SealCode.OPENSSL_TOO_OLD)


def _call(binary: str, arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OPENSSL_", "SSL_"))}
    return subprocess.run(
        [binary, *arguments],
        stdin=subprocess.DEVNULL,  # an encrypted key must fail, not wait for a terminal
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        env=kept | {"LC_ALL": "C", "OPENSSL_CONF": os.devnull},
    )
