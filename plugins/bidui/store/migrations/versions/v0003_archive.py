"""Snapshots, and the drills that prove them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "snapshot",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("policy_hash", sa.Text(), nullable=False),
        sa.Column("recipients", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id"),
        schema="core",
    )
    op.create_table(
        "snapshot_taken",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("manifest_hash", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("tables", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("objects", sa.Integer(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["core.snapshot.snapshot_id"]),
        sa.PrimaryKeyConstraint("snapshot_id"),
        schema="core",
    )
    op.create_table(
        "restore_drill",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("seconds", sa.Numeric(), nullable=False),
        sa.Column("tables", sa.Integer(), nullable=False),
        sa.Column("all_equal", sa.Boolean(), nullable=False),
        sa.Column("differences", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["core.snapshot.snapshot_id"]),
        sa.PrimaryKeyConstraint("snapshot_id", "ordinal"),
        schema="core",
    )


def downgrade() -> None:
    op.drop_table("restore_drill", schema="core")
    op.drop_table("snapshot_taken", schema="core")
    op.drop_table("snapshot", schema="core")
