"""The ledger, the identities and the outbox, as first built."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

_VIEWS = (
    # The links of persons in force: the latest event about a person that nobody has undone.
    """
    CREATE VIEW identity.person_link AS
    SELECT DISTINCT ON (e.person_id) e.person_id, e.same_as
    FROM identity.link_event e
    WHERE e.undoes IS NULL AND NOT EXISTS (SELECT FROM identity.link_event u WHERE u.undoes = e.event_id)
    ORDER BY e.person_id, e.recorded_as_of DESC, e.event_id
    """,
    # Pairs of names that are the same name written otherwise.
    """
    CREATE VIEW identity.name_variant AS
    SELECT a.term_id AS name_a, b.term_id AS name_b, 'same canonical form'::text AS reason
    FROM identity.term a
    JOIN identity.term b ON b.kind = a.kind AND b.canonical = a.canonical AND b.term_id <> a.term_id
    WHERE a.kind = 'name'
    """,
    # Each case with its latest event; a blank answer ('unanswered') never hides a given one.
    """
    CREATE VIEW core.case_state AS
    SELECT c.*, s.event AS state, s.value AS outcome, s.recorded_as_of AS state_as_of, s.submission_id, s.row_no
    FROM core."case" c LEFT JOIN LATERAL (
        SELECT e.* FROM core.case_event e WHERE e.case_id = c.case_id
        ORDER BY (e.event <> 'unanswered') DESC, e.recorded_as_of DESC, e.event_id LIMIT 1
    ) s ON true
    """,
    # The runs that count: those of the latest round of each period.
    """
    CREATE VIEW core.run_in_force AS
    SELECT r.* FROM core.run r JOIN core.closing_run k USING (run_id)
    JOIN (SELECT hub, period, max(round) AS round FROM core.closing GROUP BY hub, period) latest
      ON latest.hub = k.hub AND latest.period = k.period AND latest.round = k.round
    """,
)


def upgrade() -> None:
    op.create_table(
        "certificate",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", "event"),
        schema="core",
    )
    op.create_table(
        "closing",
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("policy_hash", sa.Text(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hub", "period", "round"),
        schema="core",
    )
    op.create_table(
        "finding",
        sa.Column("finding_key", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("system_a", sa.Text(), nullable=False),
        sa.Column("system_b", sa.Text(), nullable=False),
        sa.Column("discriminator", sa.Text(), nullable=False),
        sa.Column("first_period", sa.Text(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("finding_key"),
        schema="core",
    )
    op.create_index("finding_by_subject", "finding", ["subject"], unique=False, schema="core")
    op.create_table(
        "lead",
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("lead_no", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("causes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lead_id"),
        sa.UniqueConstraint("hub", "household_id", "period", "round"),
        sa.UniqueConstraint("hub", "lead_no"),
        schema="core",
    )
    op.create_table(
        "package",
        sa.Column("package_hash", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("package_hash"),
        schema="core",
    )
    op.create_table(
        "policy_bundle",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("objects", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
        schema="core",
    )
    op.create_table(
        "region",
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("hub", "code", "valid_from"),
        schema="core",
    )
    op.create_table(
        "run",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_hash", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("systems", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("policy_hash", sa.Text(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
        schema="core",
    )
    op.create_index("run_by_period", "run", ["hub", "period", "rule"], unique=False, schema="core")
    op.create_table(
        "signal",
        sa.Column("signal_key", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Text(), nullable=False),
        sa.Column("first_period", sa.Text(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("signal_key"),
        schema="core",
    )
    op.create_index("signal_by_subject", "signal", ["subject"], unique=False, schema="core")
    op.create_table(
        "household",
        sa.Column("household_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("household_id"),
        sa.UniqueConstraint("hub", "system", "number"),
        schema="identity",
    )
    op.create_table(
        "person",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id_number", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
        sa.UniqueConstraint("id_number"),
        schema="identity",
    )
    op.create_table(
        "term",
        sa.Column("term_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("term_id"),
        sa.UniqueConstraint("kind", "text"),
        schema="identity",
    )
    op.create_index("term_by_canonical", "term", ["kind", "canonical"], unique=False, schema="identity")
    op.create_table(
        "delivery",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("delivery_no", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("recipe_hash", sa.Text(), nullable=False),
        sa.Column("policy_hash", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("rows_digest", sa.Text(), nullable=False),
        sa.Column("approvals", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id"),
        sa.UniqueConstraint("hub", "delivery_no"),
        schema="out",
    )
    op.create_table(
        "arrival",
        sa.Column("arrival_id", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("package_hash", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_hash"],
            ["core.package.package_hash"],
        ),
        sa.PrimaryKeyConstraint("arrival_id"),
        sa.UniqueConstraint("package_hash", "ordinal"),
        schema="core",
    )
    op.create_table(
        "case",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=True),
        sa.Column("finding_key", sa.Text(), nullable=True),
        sa.Column("owner_party", sa.Text(), nullable=False),
        sa.Column("owner_region", sa.Text(), nullable=True),
        sa.Column("opened_period", sa.Text(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_key"],
            ["core.finding.finding_key"],
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["core.lead.lead_id"],
        ),
        sa.PrimaryKeyConstraint("case_id"),
        schema="core",
    )
    op.create_table(
        "closing_run",
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["core.run.run_id"],
        ),
        sa.PrimaryKeyConstraint("hub", "period", "round", "run_id"),
        schema="core",
    )
    op.create_table(
        "finding_seen",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("finding_key", sa.Text(), nullable=False),
        sa.Column("value_a", sa.Text(), nullable=True),
        sa.Column("value_b", sa.Text(), nullable=True),
        sa.Column("row_a", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("row_b", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["finding_key"],
            ["core.finding.finding_key"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["core.run.run_id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "finding_key"),
        schema="core",
    )
    op.create_table(
        "lead_signal",
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("signal_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["core.lead.lead_id"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["core.run.run_id"],
        ),
        sa.ForeignKeyConstraint(
            ["signal_key"],
            ["core.signal.signal_key"],
        ),
        sa.PrimaryKeyConstraint("lead_id", "signal_key"),
        schema="core",
    )
    op.create_table(
        "signal_seen",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("signal_key", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("fact_date", sa.Date(), nullable=True),
        sa.Column("row", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["core.run.run_id"],
        ),
        sa.ForeignKeyConstraint(
            ["signal_key"],
            ["core.signal.signal_key"],
        ),
        sa.PrimaryKeyConstraint("run_id", "signal_key"),
        schema="core",
    )
    op.create_table(
        "unknown",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["core.run.run_id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "subject"),
        schema="core",
    )
    op.create_table(
        "link_event",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("same_as", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Text(), nullable=True),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["identity.person.person_id"],
        ),
        sa.ForeignKeyConstraint(
            ["same_as"],
            ["identity.person.person_id"],
        ),
        sa.ForeignKeyConstraint(
            ["undoes"],
            ["identity.link_event.event_id"],
        ),
        sa.PrimaryKeyConstraint("event_id"),
        schema="identity",
    )
    op.create_table(
        "sighting",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name_id", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["name_id"],
            ["identity.term.term_id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["identity.person.person_id"],
        ),
        sa.PrimaryKeyConstraint("person_id", "name_id", "region"),
        schema="identity",
    )
    op.create_index("sighting_by_name", "sighting", ["name_id", "region"], unique=False, schema="identity")
    op.create_table(
        "approval",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["out.delivery.delivery_id"],
        ),
        sa.PrimaryKeyConstraint("delivery_id", "role", "decision"),
        schema="out",
    )
    op.create_table(
        "delivery_row",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=True),
        sa.Column("returns", sa.Text(), nullable=True),
        sa.Column("locked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["out.delivery.delivery_id"],
        ),
        sa.PrimaryKeyConstraint("delivery_id", "sheet", "ordinal"),
        schema="out",
    )
    op.create_index("delivery_row_by_key", "delivery_row", ["row_key"], unique=False, schema="out")
    op.create_table(
        "document",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("sealing", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["out.delivery.delivery_id"],
        ),
        sa.PrimaryKeyConstraint("delivery_id", "name"),
        schema="out",
    )
    op.create_table(
        "message",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["out.delivery.delivery_id"],
        ),
        sa.PrimaryKeyConstraint("message_id"),
        schema="out",
    )
    op.create_table(
        "row_issue",
        sa.Column("arrival_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=True),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["arrival_id"],
            ["core.arrival.arrival_id"],
        ),
        sa.PrimaryKeyConstraint("arrival_id", "ordinal"),
        schema="core",
    )
    op.create_table(
        "submission",
        sa.Column("submission_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("contract_version", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data_date", sa.Date(), nullable=True),
        sa.Column("arrival_id", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("rows_accepted", sa.Integer(), nullable=False),
        sa.Column("rows_unresolved", sa.Integer(), nullable=False),
        sa.Column("rows_quarantined", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("supersedes", sa.BigInteger(), nullable=True),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["arrival_id"],
            ["core.arrival.arrival_id"],
        ),
        sa.ForeignKeyConstraint(
            ["supersedes"],
            ["core.submission.submission_id"],
        ),
        sa.PrimaryKeyConstraint("submission_id"),
        schema="core",
    )
    op.create_index(
        "submission_by_period", "submission", ["hub", "dataset", "period", "scope"], unique=False, schema="core"
    )
    op.create_table(
        "file_name",
        sa.Column("arrival_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["arrival_id"],
            ["core.arrival.arrival_id"],
        ),
        sa.PrimaryKeyConstraint("arrival_id"),
        schema="identity",
    )
    op.create_table(
        "sending",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("smtp_code", sa.Integer(), nullable=True),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["out.message.message_id"],
        ),
        sa.PrimaryKeyConstraint("message_id", "attempt"),
        schema="out",
    )
    op.create_table(
        "case_event",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("submission_id", sa.BigInteger(), nullable=True),
        sa.Column("row_no", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["core.case.case_id"],
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["core.submission.submission_id"],
        ),
        sa.PrimaryKeyConstraint("event_id"),
        schema="core",
    )
    op.create_index("case_event_by_case", "case_event", ["case_id"], unique=False, schema="core")
    op.create_table(
        "intake",
        sa.Column("arrival_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("period", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("submission_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("policy_hash", sa.Text(), nullable=False),
        sa.Column("recorded_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["arrival_id"],
            ["core.arrival.arrival_id"],
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["core.submission.submission_id"],
        ),
        sa.PrimaryKeyConstraint("arrival_id"),
        schema="core",
    )
    op.create_table(
        "run_input",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["core.run.run_id"],
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["core.submission.submission_id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "alias", "submission_id"),
        schema="core",
    )
    op.create_table(
        "candidate",
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["identity.person.person_id"],
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["core.submission.submission_id"],
        ),
        sa.PrimaryKeyConstraint("submission_id", "row_no", "person_id"),
        schema="identity",
    )
    op.create_table(
        "unsettled_row",
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("id_term", sa.BigInteger(), nullable=True),
        sa.Column("name_id", sa.BigInteger(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["id_term"],
            ["identity.term.term_id"],
        ),
        sa.ForeignKeyConstraint(
            ["name_id"],
            ["identity.term.term_id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["identity.person.person_id"],
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["core.submission.submission_id"],
        ),
        sa.PrimaryKeyConstraint("submission_id", "row_no"),
        schema="identity",
    )
    for view in _VIEWS:
        op.execute(view)


def downgrade() -> None:
    for view in ("core.run_in_force", "core.case_state", "identity.name_variant", "identity.person_link"):
        op.execute(f"DROP VIEW {view}")
    op.drop_table("unsettled_row", schema="identity")
    op.drop_table("candidate", schema="identity")
    op.drop_table("run_input", schema="core")
    op.drop_table("intake", schema="core")
    op.drop_index("case_event_by_case", table_name="case_event", schema="core")
    op.drop_table("case_event", schema="core")
    op.drop_table("sending", schema="out")
    op.drop_table("file_name", schema="identity")
    op.drop_index("submission_by_period", table_name="submission", schema="core")
    op.drop_table("submission", schema="core")
    op.drop_table("row_issue", schema="core")
    op.drop_table("message", schema="out")
    op.drop_table("document", schema="out")
    op.drop_index("delivery_row_by_key", table_name="delivery_row", schema="out")
    op.drop_table("delivery_row", schema="out")
    op.drop_table("approval", schema="out")
    op.drop_index("sighting_by_name", table_name="sighting", schema="identity")
    op.drop_table("sighting", schema="identity")
    op.drop_table("link_event", schema="identity")
    op.drop_table("unknown", schema="core")
    op.drop_table("signal_seen", schema="core")
    op.drop_table("lead_signal", schema="core")
    op.drop_table("finding_seen", schema="core")
    op.drop_table("closing_run", schema="core")
    op.drop_table("case", schema="core")
    op.drop_table("arrival", schema="core")
    op.drop_table("delivery", schema="out")
    op.drop_index("term_by_canonical", table_name="term", schema="identity")
    op.drop_table("term", schema="identity")
    op.drop_table("person", schema="identity")
    op.drop_table("household", schema="identity")
    op.drop_index("signal_by_subject", table_name="signal", schema="core")
    op.drop_table("signal", schema="core")
    op.drop_index("run_by_period", table_name="run", schema="core")
    op.drop_table("run", schema="core")
    op.drop_table("region", schema="core")
    op.drop_table("policy_bundle", schema="core")
    op.drop_table("package", schema="core")
    op.drop_table("lead", schema="core")
    op.drop_index("finding_by_subject", table_name="finding", schema="core")
    op.drop_table("finding", schema="core")
    op.drop_table("closing", schema="core")
    op.drop_table("certificate", schema="core")
