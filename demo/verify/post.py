"""What left: each mail once, in the sink as in the ledger, and nothing before those who must approve it had."""

from __future__ import annotations

import hashlib
import json
import mailbox
from collections import Counter, defaultdict

from demo.accidents import second_copies
from demo.verify.scene import Check, Scene, digest

_UNAPPROVED = """
    SELECT count(*) FROM out.delivery d JOIN out.message m USING (delivery_id) JOIN out.sending s USING (message_id)
    CROSS JOIN LATERAL unnest(d.approvals) AS needed(role)
    WHERE NOT EXISTS (
        SELECT FROM out.approval a WHERE (a.delivery_id, a.role, a.decision) = (d.delivery_id, needed.role, 'approved')
          AND a.recorded_as_of <= s.recorded_as_of)
"""
_REJECTED = """
    SELECT count(*) FROM out.approval a JOIN out.message m USING (delivery_id) JOIN out.sending s USING (message_id)
    WHERE a.decision = 'rejected'
"""
_APPROVED = "SELECT delivery_id, content_hash FROM out.approval"
_DOCUMENTS = "SELECT delivery_id, name, content_hash FROM out.document"


def checks(scene: Scene) -> list[Check]:
    """Mails and approvals."""
    return [*mails(scene), *approvals(scene)]


def mails(scene: Scene) -> list[Check]:
    """Every mail that the ledger says was taken lies in the sink, once on either side, and no other of the hub's."""
    recorded = Counter(row[0] for row in scene.rows("SELECT message_id FROM out.sending WHERE outcome = 'accepted'"))
    kept: Counter[str] = Counter()
    for folder in (scene.home / "post").iterdir():
        if (folder / "cur").is_dir():
            ours = (mail for mail in mailbox.Maildir(folder) if scene.desk in str(mail["From"]))
            kept.update(str(mail["Message-ID"]).strip() for mail in ours)  # a long one stands on a line of its own
    return [
        Check("邮件：台账所记与信箱所存", {"mails": len(recorded), "digest": digest(recorded)},
              {"mails": len(kept), "digest": digest(kept)}),
        Check("邮件：每个 Message-ID 只记一次", 0, sum(n > 1 for n in recorded.values())),
        Check("邮件：发信进程被杀而重发的（同一 Message-ID）", second_copies(scene.home), kept.total() - len(kept)),
    ]  # fmt: skip


def approvals(scene: Scene) -> list[Check]:
    """What needs approval left after every role had approved it, and what was rejected never left."""
    documents: dict[str, list[list[str]]] = defaultdict(list)
    for delivery, name, content in scene.rows(_DOCUMENTS):
        documents[delivery].append([name, content])
    approved = scene.rows(_APPROVED)
    return [
        Check("审批：未经全部审批即发出", 0, scene.rows(_UNAPPROVED)[0][0]),
        Check("审批：已退回而仍发出", 0, scene.rows(_REJECTED)[0][0]),
        Check(
            "审批：所记摘要与所批文件相符", len(approved), sum(_hash(documents[id_]) == kept for id_, kept in approved)
        ),
    ]


def _hash(documents: list[list[str]]) -> str:
    """What an approval records of a delivery's documents: the SHA-256 of their names and hashes as compact JSON."""
    told = json.dumps([sorted(documents)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()
