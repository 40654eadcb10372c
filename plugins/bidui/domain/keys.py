"""Content-addressed ids: same content, same id, on every machine and after every crash (design, decision 5)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any


def digest(*parts: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of ``parts``."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def number(*parts: Any) -> int:
    """A positive 63-bit integer from the same digest, for keys of large tables."""
    return int(digest(*parts)[:16], 16) >> 1


def file_digest(chunks: Iterable[bytes]) -> str:
    """SHA-256 (hex) of a stream of bytes: the hash that a package is known by."""
    running = hashlib.sha256()
    for chunk in chunks:
        running.update(chunk)
    return running.hexdigest()
