"""Due dates that were provisional, and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "case_due",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["core.case.case_id"]),
        sa.PrimaryKeyConstraint("case_id", "due", "provisional"),
        schema="core",
    )


def downgrade() -> None:
    op.drop_table("case_due", schema="core")
