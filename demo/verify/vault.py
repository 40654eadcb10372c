"""What is kept: every object that the ledger names lies in the vault, and nothing else does."""

from __future__ import annotations

from demo.verify.scene import Check, Scene, digest

_NAMED = """
    SELECT package_hash FROM core.package UNION SELECT content_hash FROM out.document
"""


def checks(scene: Scene) -> list[Check]:
    """The vault's names against the ledger's; a name is the hash of the content."""
    named = {row[0] for row in scene.rows(_NAMED)}
    kept = {file.stem for file in (scene.home / "vault").glob("*/*.age")}
    return [
        Check("保管库：台账所记与库中所存", {"objects": len(named), "digest": digest(named)},
              {"objects": len(kept), "digest": digest(kept)}),
    ]  # fmt: skip
