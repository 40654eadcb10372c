"""The fixed tables of the store, as declared; Alembic's migrations are tested against them.

Schema ``core`` is the ledger, ``identity`` the only place of direct identifiers, ``out`` what leaves the hub. Schema
``data`` is not here: ``policy apply`` makes one typed table per contract (design, decision 2). Every table is
insert-only: state is a view that folds events (decision 5).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null)


def _when(name: str = "recorded_as_of") -> Column:  # type: ignore[type-arg]
    return Column(name, DateTime(timezone=True), nullable=False)


def _points_to(name: str, target: str, *, key: bool = False, null: bool = False, kind: type = Text) -> Column:  # type: ignore[type-arg]
    return Column(name, kind, ForeignKey(target), primary_key=key, nullable=null)


# --- policy as it was in force -----------------------------------------------------------------------------------
policy_bundle = Table(
    "policy_bundle", metadata,
    _text("hash", key=True), _text("profile"), Column("objects", JSONB, nullable=False), _when(),
    schema="core",
)  # fmt: skip
region = Table(
    "region", metadata,
    _text("hub", key=True), _text("code", key=True), Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date), _text("name"), _text("level"), _text("parent", null=True),
    schema="core",
)  # fmt: skip
certificate = Table(
    "certificate", metadata,
    _text("fingerprint", key=True), _text("event", key=True), _text("party"), _text("contact"), _when(),
    schema="core",
)  # fmt: skip

# --- what came in ------------------------------------------------------------------------------------------------
package = Table(
    "package", metadata,
    _text("package_hash", key=True), _text("hub"), Column("bytes", BigInteger, nullable=False), _text("form"), _when(),
    schema="core",
)  # fmt: skip
arrival = Table(
    "arrival", metadata,
    _text("arrival_id", key=True), _text("hub"), _points_to("package_hash", "core.package.package_hash"),
    Column("ordinal", SmallInteger, nullable=False), _text("channel"), _text("party"), _text("contact", null=True),
    _text("dataset"), _text("period"), _when("arrived_at"),
    UniqueConstraint("package_hash", "ordinal"),
    schema="core",
)  # fmt: skip
submission = Table(
    "submission", metadata,
    Column("submission_id", BigInteger, primary_key=True, autoincrement=False),
    _text("hub"), _text("dataset"), _text("contract_version"), _text("period"), _text("scope"), _text("kind"),
    Column("data_date", Date), _points_to("arrival_id", "core.arrival.arrival_id"), _text("sheet"),
    Column("rows_read", Integer, nullable=False), Column("rows_accepted", Integer, nullable=False),
    Column("rows_unresolved", Integer, nullable=False), Column("rows_quarantined", Integer, nullable=False),
    Column("complete", Boolean, nullable=False), Column("late", Boolean, nullable=False),
    _points_to("supersedes", "core.submission.submission_id", null=True, kind=BigInteger), _when(),
    Index("submission_by_period", "hub", "dataset", "period", "scope"),
    schema="core",
)  # fmt: skip
intake = Table(
    "intake", metadata,
    _points_to("arrival_id", "core.arrival.arrival_id", key=True), _text("outcome"), _text("reason", null=True),
    _text("period", null=True), _text("scope", null=True),
    _points_to("submission_id", "core.submission.submission_id", null=True, kind=BigInteger),
    Column("facts", JSONB, nullable=False), _text("policy_hash"), _when(),
    schema="core",
)  # fmt: skip
row_issue = Table(
    "row_issue", metadata,
    _points_to("arrival_id", "core.arrival.arrival_id", key=True), Column("ordinal", Integer, primary_key=True),
    _text("sheet"), Column("row_no", Integer), _text("column_name", null=True), _text("code"), _text("effect"),
    _text("rule", null=True),
    schema="core",
)  # fmt: skip

# --- what was compared -------------------------------------------------------------------------------------------
run = Table(
    "run", metadata,
    _text("run_id", key=True), _text("hub"), _text("stage"), _text("rule"), _text("rule_hash"), _text("period"),
    Column("systems", ARRAY(Text), nullable=False), _text("severity", null=True), _text("status"),
    Column("reason", JSONB, nullable=False),
    Column("parameters", JSONB, nullable=False), Column("rows", Integer, nullable=False), _text("policy_hash"), _when(),
    Index("run_by_period", "hub", "period", "rule"),
    schema="core",
)  # fmt: skip
run_input = Table(
    "run_input", metadata,
    _points_to("run_id", "core.run.run_id", key=True), _text("alias", key=True),
    _points_to("submission_id", "core.submission.submission_id", key=True, kind=BigInteger),
    schema="core",
)  # fmt: skip
closing = Table(
    "closing", metadata,
    _text("hub", key=True), _text("period", key=True), Column("round", SmallInteger, primary_key=True),
    _text("policy_hash"), _when(),
    schema="core",
)  # fmt: skip
closing_run = Table(
    "closing_run", metadata,
    _text("hub", key=True), _text("period", key=True), Column("round", SmallInteger, primary_key=True),
    _points_to("run_id", "core.run.run_id", key=True),
    schema="core",
)  # fmt: skip
finding = Table(
    "finding", metadata,
    _text("finding_key", key=True), _text("hub"), _text("kind"), _text("subject_type"),
    Column("subject", BigInteger, nullable=False), _text("field"), _text("system_a"), _text("system_b"),
    _text("discriminator"), _text("first_period"), _when(),
    Index("finding_by_subject", "subject"),
    schema="core",
)  # fmt: skip
finding_seen = Table(
    "finding_seen", metadata,
    _points_to("run_id", "core.run.run_id", key=True), _points_to("finding_key", "core.finding.finding_key", key=True),
    _text("value_a", null=True), _text("value_b", null=True),
    Column("row_a", JSONB), Column("row_b", JSONB),
    schema="core",
)  # fmt: skip
signal = Table(
    "signal", metadata,
    _text("signal_key", key=True), _text("hub"), _text("cause"), _text("subject_type"),
    Column("subject", BigInteger, nullable=False), _text("dataset"), _text("occurrence"), _text("first_period"),
    _when(),
    Index("signal_by_subject", "subject"),
    schema="core",
)  # fmt: skip
signal_seen = Table(
    "signal_seen", metadata,
    _points_to("run_id", "core.run.run_id", key=True), _points_to("signal_key", "core.signal.signal_key", key=True),
    Column("amount", Numeric), Column("fact_date", Date), Column("row", JSONB),
    schema="core",
)  # fmt: skip
unknown = Table(
    "unknown", metadata,
    _points_to("run_id", "core.run.run_id", key=True), Column("subject", BigInteger, primary_key=True), _text("reason"),
    schema="core",
)  # fmt: skip
lead = Table(
    "lead", metadata,
    _text("lead_id", key=True), _text("lead_no"), _text("hub"), Column("household_id", BigInteger, nullable=False),
    _text("period"), Column("round", SmallInteger, nullable=False), _text("region"), _text("level"),
    Column("causes", ARRAY(Text), nullable=False), Column("due", Date, nullable=False),
    Column("due_provisional", Boolean, nullable=False), _when(),
    UniqueConstraint("hub", "lead_no"), UniqueConstraint("hub", "household_id", "period", "round"),
    schema="core",
)  # fmt: skip
lead_signal = Table(
    "lead_signal", metadata,
    _points_to("lead_id", "core.lead.lead_id", key=True), _points_to("signal_key", "core.signal.signal_key", key=True),
    _points_to("run_id", "core.run.run_id"),
    schema="core",
)  # fmt: skip

# --- what is being worked on -------------------------------------------------------------------------------------
case = Table(
    "case", metadata,
    _text("case_id", key=True), _text("hub"), _text("kind"),
    _points_to("lead_id", "core.lead.lead_id", null=True),
    _points_to("finding_key", "core.finding.finding_key", null=True),
    _text("owner_party"), _text("owner_region", null=True), _text("opened_period"), Column("due", Date), _when(),
    schema="core",
)  # fmt: skip
case_due = Table(
    "case_due", metadata,
    _points_to("case_id", "core.case.case_id", key=True), Column("due", Date, primary_key=True),
    Column("provisional", Boolean, primary_key=True), _when(),
    schema="core",
)  # fmt: skip
case_event = Table(
    "case_event", metadata,
    _text("event_id", key=True), _points_to("case_id", "core.case.case_id"), _text("event"), _text("value", null=True),
    _points_to("submission_id", "core.submission.submission_id", null=True, kind=BigInteger), Column("row_no", Integer),
    _text("actor"), _when(),
    Index("case_event_by_case", "case_id"),
    schema="core",
)  # fmt: skip

# --- what is asked for without an agreement ------------------------------------------------------------------------
need = Table(
    "need", metadata,
    _text("need_id", key=True), _text("hub"), _text("party"), _text("office"), _text("email"), _text("dataset"),
    _text("mode"), Column("fields", ARRAY(Text), nullable=False), _text("use"), _text("purpose"), _text("basis"),
    Column("term_from", Date, nullable=False), Column("term_to", Date, nullable=False),
    Column("requested_on", Date, nullable=False), _when(),
    schema="core",
)  # fmt: skip
need_answer = Table(
    "need_answer", metadata,
    _points_to("need_id", "core.need.need_id", key=True), _text("decision"), _text("reason", null=True),
    _text("said", null=True), Column("fields", ARRAY(Text), nullable=False), _text("decided_by", null=True),
    Column("answered_on", Date, nullable=False), _when(),
    schema="core",
)  # fmt: skip

# --- direct identifiers ------------------------------------------------------------------------------------------
person = Table(
    "person", metadata,
    Column("person_id", BigInteger, primary_key=True, autoincrement=False), _text("id_number"),
    Column("birth_date", Date), _text("sex", null=True), _when(),
    UniqueConstraint("id_number"),
    schema="identity",
)  # fmt: skip
term = Table(
    "term", metadata,
    Column("term_id", BigInteger, primary_key=True, autoincrement=False), _text("kind"), _text("text"),
    _text("canonical"),
    UniqueConstraint("kind", "text"), Index("term_by_canonical", "kind", "canonical"),
    schema="identity",
)  # fmt: skip
household = Table(
    "household", metadata,
    Column("household_id", BigInteger, primary_key=True, autoincrement=False), _text("hub"), _text("system"),
    _text("number"),
    UniqueConstraint("hub", "system", "number"),
    schema="identity",
)  # fmt: skip
sighting = Table(
    "sighting", metadata,
    _points_to("person_id", "identity.person.person_id", key=True, kind=BigInteger),
    _points_to("name_id", "identity.term.term_id", key=True, kind=BigInteger), _text("region", key=True),
    Index("sighting_by_name", "name_id", "region"),
    schema="identity",
)  # fmt: skip
unsettled_row = Table(
    "unsettled_row", metadata,
    _points_to("submission_id", "core.submission.submission_id", key=True, kind=BigInteger),
    Column("row_no", Integer, primary_key=True), _text("reason"),
    _points_to("person_id", "identity.person.person_id", null=True, kind=BigInteger),
    _points_to("id_term", "identity.term.term_id", null=True, kind=BigInteger),
    _points_to("name_id", "identity.term.term_id", null=True, kind=BigInteger), _text("region", null=True),
    schema="identity",
)  # fmt: skip
candidate = Table(
    "candidate", metadata,
    _points_to("submission_id", "core.submission.submission_id", key=True, kind=BigInteger),
    Column("row_no", Integer, primary_key=True),
    _points_to("person_id", "identity.person.person_id", key=True, kind=BigInteger), _text("reason"),
    schema="identity",
)  # fmt: skip
link_event = Table(
    "link_event", metadata,
    _text("event_id", key=True), _points_to("person_id", "identity.person.person_id", kind=BigInteger),
    _points_to("same_as", "identity.person.person_id", kind=BigInteger), _text("reason"), _text("decided_by"),
    _points_to("undoes", "identity.link_event.event_id", null=True), _when(),
    schema="identity",
)  # fmt: skip
file_name = Table(
    "file_name", metadata,
    _points_to("arrival_id", "core.arrival.arrival_id", key=True), _text("name"),
    schema="identity",
)  # fmt: skip

# --- what goes out -----------------------------------------------------------------------------------------------
delivery = Table(
    "delivery", metadata,
    _text("delivery_id", key=True), _text("delivery_no"), _text("hub"), _text("recipe"), _text("recipe_hash"),
    _text("policy_hash"), _text("recipient"), _text("subject_key"), _text("period"),
    Column("rows", Integer, nullable=False), _text("rows_digest"), Column("approvals", ARRAY(Text), nullable=False),
    _when(),
    UniqueConstraint("hub", "delivery_no"),
    schema="out",
)  # fmt: skip
delivery_row = Table(
    "delivery_row", metadata,
    _points_to("delivery_id", "out.delivery.delivery_id", key=True), _text("sheet", key=True),
    Column("ordinal", Integer, primary_key=True), _text("row_key", null=True), _text("returns", null=True),
    Column("locked", JSONB, nullable=False),
    Index("delivery_row_by_key", "row_key"),
    schema="out",
)  # fmt: skip
document = Table(
    "document", metadata,
    _points_to("delivery_id", "out.delivery.delivery_id", key=True), _text("name", key=True), _text("content_hash"),
    _text("sealing"), Column("bytes", BigInteger, nullable=False),
    schema="out",
)  # fmt: skip
approval = Table(
    "approval", metadata,
    _points_to("delivery_id", "out.delivery.delivery_id", key=True), _text("role", key=True),
    _text("decision", key=True),
    _text("decided_by"), _text("content_hash"), _text("road"), _text("remark", null=True), _when(),
    schema="out",
)  # fmt: skip
message = Table(
    "message", metadata,
    _text("message_id", key=True), _points_to("delivery_id", "out.delivery.delivery_id"), _text("contact"),
    _text("subject"), _when(),
    schema="out",
)  # fmt: skip
sending = Table(
    "sending", metadata,
    _points_to("message_id", "out.message.message_id", key=True), Column("attempt", SmallInteger, primary_key=True),
    _text("outcome"), Column("smtp_code", Integer), _when(),
    schema="out",
)  # fmt: skip
withheld = Table(
    "withheld", metadata,
    _text("hub", key=True), _text("recipe", key=True), _text("recipient", key=True), _text("period", key=True),
    _text("subject_key", key=True), _text("sheet", key=True), _text("code", key=True),
    Column("rows", Integer), _text("policy_hash"), _when(),
    schema="out",
)  # fmt: skip
"""What an agreement kept from being sent, and by which reason: rows of a sheet, or (no sheet, no count) a delivery."""

# --- what is kept for the day that all this is lost ----------------------------------------------------------------
snapshot = Table(
    "snapshot", metadata,
    _text("snapshot_id", key=True), _text("hub"), _text("period"), _text("policy_hash"),
    Column("recipients", ARRAY(Text), nullable=False), _when(),
    schema="core",
)  # fmt: skip
snapshot_taken = Table(
    "snapshot_taken", metadata,
    _points_to("snapshot_id", "core.snapshot.snapshot_id", key=True), _text("manifest_hash"),
    Column("bytes", BigInteger, nullable=False), Column("tables", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False), Column("objects", Integer, nullable=False), _when(),
    schema="core",
)  # fmt: skip
restore_drill = Table(
    "restore_drill", metadata,
    _points_to("snapshot_id", "core.snapshot.snapshot_id", key=True), Column("ordinal", SmallInteger, primary_key=True),
    Column("seconds", Numeric, nullable=False), Column("tables", Integer, nullable=False),
    Column("all_equal", Boolean, nullable=False), Column("differences", ARRAY(Text), nullable=False), _when(),
    schema="core",
)  # fmt: skip
