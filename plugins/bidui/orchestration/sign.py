"""Approvals as questions to people with a login of their own (design, decision 12): one step per role, in order.

A step waits without a worker slot for as long as it takes. Airflow lets only the assigned logins answer; the use case
looks again whether the login holds the role, and keeps the answer. Rejected is rejected: the step fails at its first
try, and what is prepared anew is another delivery (docs/adr/0013).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from airflow.providers.standard.exceptions import HITLRejectException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, Variable, chain, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskAwaitingInput

from bidui.orchestration import clock, defaults, tasks

LOOK_AGAIN = timedelta(hours=1)
"""How often an open question looks whether it still needs an answer: a later round or the command line may have made it
void."""

_LABEL = "{{ task.asked['label'] }}"
_PATIENCE: dict[str, Any] = {"retries": 9, "retry_delay": timedelta(seconds=5)}
"""Airflow 3.3 can lose an answer that comes within seconds of the question; the step asks again as its next try."""


class Sign(ApprovalOperator):
    """Ask for one approval of one delivery, and keep the answer.

    Args:
        asked: ``{"delivery": id, "label": what the grid calls it}``.
        step: which of the recipe's approvals, from 1; a delivery that has fewer passes.

    Raises:
        AirflowFailException: rejected, or not to be asked or answered like this; no retry.
        AirflowSkipException: a later round has made the delivery anew.
    """

    APPROVE, REJECT = "同意", "退回"
    template_fields: Sequence[str] = ("asked",)

    def __init__(self, *, asked: Mapping[str, str], step: int, **kwargs: Any) -> None:
        remark = Param(None, type=["string", "null"], title="意见（不写姓名和证件号码）", maxLength=500)
        super().__init__(
            subject="", params={"remark": remark}, fail_on_reject=True, response_timeout=LOOK_AGAIN, **kwargs
        )
        self.asked = asked
        self.step = step

    def execute(self, context: Any) -> dict[str, Any]:
        """Ask; a step that is decided already, or that the delivery does not have, is passed."""
        question = self._question()
        if question is None:
            return {"step": self.step, "decision": None}
        logins = Variable.get(defaults.LOGINS, default={}, deserialize_json=True)
        if missing := [contact for contact in question.approvers if contact not in logins]:
            raise AirflowFailException(f"no login for {', '.join(missing)}: prepare the logins again")
        self.subject, self.body = question.subject, question.body
        self.assigned_users = [{"id": str(logins[contact]), "name": contact} for contact in question.approvers]
        found: dict[str, Any] = super().execute(context)
        return found

    def execute_complete(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:
        """Keep the answer; after a while without one, look whether the question still stands."""
        if event.get("error_type") == "timeout":
            if self._question() is None:
                return {"step": self.step, "decision": None}
            raise TaskAwaitingInput(method_name="execute_complete", timeout=self.response_timeout)
        try:
            super().execute_complete(context, event)
            decision = "approved"
        except HITLRejectException:
            decision = "rejected"
        by = (event["responded_by_user"] or {}).get("name", "")
        role = self._decide(by, decision, (event["params_input"] or {}).get("remark") or "")
        if decision == "rejected":
            raise AirflowFailException(f"{self.REJECT}: {role}")
        return {"step": self.step, "decision": decision, "role": role}

    def _question(self) -> Any:
        from bidui.pipeline.approve import ask
        from bidui.pipeline.office import Office

        with _final():
            return ask(Office.from_environment(), self.asked["delivery"], clock.now(), step=self.step)

    def _decide(self, by: str, decision: Any, remark: str) -> str:
        from bidui.pipeline.approve import approve
        from bidui.pipeline.office import Office

        with _final():
            return approve(
                Office.from_environment(), self.asked["delivery"], by, clock.now(), decision, step=self.step,
                road="airflow", remark=remark,
            )  # fmt: skip


def approvals(delivered: Any) -> None:
    """Lay out what follows a ``tasks.deliver``: each delivery that waits is asked for, step by step, and then sent."""
    steps = max((len(recipe.approvals) for recipe in defaults.policy().recipes.values()), default=0)

    @task_group(group_id="approval", group_display_name="审批")
    def approval(asked: Mapping[str, str]) -> None:
        signed = [
            Sign(
                task_id=f"step_{step}", task_display_name=f"审批 {step}", map_index_template=_LABEL, asked=asked,
                step=step, **_PATIENCE,
            )
            for step in range(1, steps + 1)
        ]  # fmt: skip
        chain(*signed, tasks.send_approved(asked))

    approval.expand(asked=tasks.awaiting(delivered))


@contextmanager
def _final() -> Iterator[None]:
    """What cannot be asked or answered ends the step for good; what nobody needs any more skips it."""
    from bidui.pipeline.approve import NotAllowed, Superseded

    try:
        yield
    except Superseded as said:
        raise AirflowSkipException(str(said)) from None
    except NotAllowed as said:
        raise AirflowFailException(str(said)) from None
