"""An approval keeps the hash of what was approved, the road that it came by, and a remark."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for name in ("content_hash", "road", "remark"):
        op.add_column("approval", sa.Column(name, sa.Text(), nullable=True), schema="out")
    op.execute("""
        UPDATE out.approval a SET content_hash = d.rows_digest, road = 'command'
        FROM out.delivery d WHERE d.delivery_id = a.delivery_id
    """)
    for name in ("content_hash", "road"):
        op.alter_column("approval", name, nullable=False, schema="out")


def downgrade() -> None:
    for name in ("remark", "road", "content_hash"):
        op.drop_column("approval", name, schema="out")
