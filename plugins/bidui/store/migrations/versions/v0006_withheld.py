"""What an agreement kept from being sent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "withheld",
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("policy_hash", sa.Text(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hub", "recipe", "recipient", "period", "subject_key", "sheet", "code"),
        schema="out",
    )


def downgrade() -> None:
    op.drop_table("withheld", schema="out")
