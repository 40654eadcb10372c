"""Snapshots: the store, its roles and the vault in sealed files, and what is needed to prove that they can be restored.

A feature: it knows nothing of offices and ledgers; the use cases are `bidui.pipeline.snapshot` and
`bidui.pipeline.restore`.
"""
