"""Alembic's environment: it is only ever run through ``store.migrate``, which hands in the connection."""

from alembic import context

from bidui.store.migrate import OWN_SCHEMAS, include_name
from bidui.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_schemas=True,
    include_name=include_name,
    version_table_schema=OWN_SCHEMAS[0],
)
with context.begin_transaction():
    context.run_migrations()
