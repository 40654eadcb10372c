"""Two months of a fictional county on the simulated clock, played by the parties' side against the real hub.

Month 1: everything comes in time; a package comes twice; two towns send their workbooks back, one with a blank, one
with a changed locked cell. Month 2: the roster is refused, then comes late, then is amended; a town reports nil.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from bidui.orchestration import clock
from bidui.pipeline import approve
from bidui.pipeline.office import Office as Hub
from demo.office import Office
from demo.parties import Parties, fill_in, nil_report, truth
from demo.services.rest import Airflow

Say = Callable[[str], None]
_PATIENCE = 300.0


@dataclass
class Play:
    """The stage: the office, its Airflow, the parties, and the files that they will hand in."""

    office: Office
    hub: Hub
    airflow: Airflow
    parties: Parties
    synth: Path
    say: Say

    def at(self, text: str) -> datetime:
        """Set the clock to ``MM-DD HH:MM`` of the year played."""
        moment = datetime.strptime(f"{self.year}-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=self.hub.zone)
        clock.put(self.office.home / clock.FILE, moment)
        return moment

    @property
    def year(self) -> int:
        """The year of the first period."""
        return int(self.periods[0][:4])

    @property
    def periods(self) -> list[str]:
        """The months for which files were made."""
        return sorted(folder.name for folder in self.synth.iterdir() if folder.is_dir())

    # -- steps

    def first_month(self, period: str) -> None:
        """Everything in time; one package twice; towns answer."""
        self.at("10-26 08:00")
        self.start("month_close", f"{period}.window", period)
        now = self.at("10-26 09:00")
        self.register(period, now)
        roster = self.roster(period, self.at("10-27 10:00"))
        self.parties.drop(roster, *self.roster_road, f"再次{period}.sealed")
        self.received(self.roster_party, period, 2, ["success"])
        self.closed(period, f"{period}.window")
        self.approved(period, "10-28 09:30")
        self.towns_answer(period, "11-05 15:00")

    def second_month(self, period: str) -> None:
        """The roster is refused, late, amended; a town reports nil."""
        self.at("11-25 08:00")
        self.start("month_close", f"{period}.window", period)
        self.register(period, self.at("11-25 09:00"))
        broken, late, amended = self.roster_files(period)
        self.parties.hand_in(broken, *self.roster_road, period, self.at("11-26 10:00"))
        self.received(self.roster_party, period, 1, ["failed"])
        self.say("  参保名册缺列，已退回；其余照等，直到窗口结束")
        self.at("12-01 00:30")
        self.closed(period, f"{period}.window")
        self.parties.hand_in(late, *self.roster_road, period, self.at("12-01 09:00"))
        self.received(self.roster_party, period, 2, ["failed", "success"])
        self.parties.hand_in(amended, *self.roster_road, period, self.at("12-01 15:00"), kind="amend")
        self.received(self.roster_party, period, 3, ["failed", "success"])
        self.at("12-02 09:00")
        self.start("month_close", f"{period}.late", period)
        self.closed(period, f"{period}.late", deliveries=2)
        self.approved(period, "12-02 10:00")
        self.nil(period, "12-04 09:00")

    # -- what happens in them

    def register(self, period: str, now: datetime) -> None:
        """The hub's own export comes in."""
        (file,) = (self.synth / period / self.register_road[0]).rglob("*.xlsx")
        self.parties.hand_in(file, *self.register_road, period, now)
        self.received(self.register_road[0], period, 1, ["success"])

    def roster(self, period: str, now: datetime) -> bytes:
        """The roster comes in whole."""
        (file,) = self.roster_files(period)
        sealed = self.parties.hand_in(file, *self.roster_road, period, now)
        self.received(self.roster_party, period, 1, ["success"])
        return sealed

    def roster_files(self, period: str) -> list[Path]:
        """The roster's files in the order in which truth tells them."""
        dataset = ".".join(self.roster_road)
        told = [
            line
            for line in truth(self.synth / "truth.jsonl", "rows")
            if (line["period"], line["dataset"]) == (period, dataset)
        ]
        order = {"broken": 0, "full": 1, "amend": 2}
        return [self.synth / line["path"] for line in sorted(told, key=lambda line: order.get(line["variant"], 0))]

    @property
    def register_road(self) -> tuple[str, str]:
        """(party, dataset) of the register's export."""
        return self._road("export")

    @property
    def roster_road(self) -> tuple[str, str]:
        """(party, dataset) of the roster."""
        return self._road("roster")

    @property
    def roster_party(self) -> str:
        """Who sends the roster."""
        return self.roster_road[0]

    def _road(self, role: str) -> tuple[str, str]:
        contract = next(c for c in self.hub.policy.contracts.values() if c.role == role)
        party, _, dataset = contract.id.partition(".")
        return party, dataset

    def received(self, party: str, period: str, number: int, states: list[str]) -> None:
        """Wait until that many packages of a party have been received for a period, and came to these ends."""
        runs = self._ended(f"receive_{party}", period, number)
        ends = sorted({run["state"] for run in runs})
        if ends != sorted(states):
            raise AssertionError(f"receive_{party} {period}: expected {states}, got {ends}")
        self.say(f"  接收 {party} {period}：第 {number} 个文件 {runs[-1]['state']}")

    def start(self, dag: str, run: str, period: str) -> None:
        """Start a run, as its timetable would by the real clock."""
        self.airflow.trigger(dag, run, period=period)

    def closed(self, period: str, run: str, deliveries: int = 1) -> None:
        """Wait until the month is compared and what it calls for is delivered."""
        state = self.airflow.wait("month_close", run, _PATIENCE)
        runs = self._ended("deliver", period, deliveries)
        if state != "success" or runs[-1]["state"] != "success":
            raise AssertionError(f"month_close {run}: {state}; deliver: {[r['state'] for r in runs]}")
        self.say(f"  {period} 已比对并交付（{run}）")

    def approved(self, period: str, when: str) -> None:
        """The head approves the report; the follow-up sends it."""
        now = self.at(when)
        for delivery, title, about, role in approve.waiting(self.hub):
            approver = self.hub.policy.profile.approvers[role][0]
            approve.approve(self.hub, delivery, approver, now)
            self.say(f"  {title} {about} 已由 {role} 批准")
        self.follow_up(period)

    def follow_up(self, period: str) -> None:
        """One day's follow-up."""
        day = clock.read(self.office.home / clock.FILE).date().isoformat()
        self.start("follow_up", f"{day}.{period}", day)
        if self.airflow.wait("follow_up", f"{day}.{period}", _PATIENCE) != "success":
            raise AssertionError(f"follow_up {day} failed")

    def towns_answer(self, period: str, when: str) -> None:
        """Two towns send their workbooks back: one leaves a row blank, one has changed a locked cell."""
        self.at(when)
        visits = {v["household"]: v for v in truth(self.synth / "truth.jsonl", "visit") if v["period"] == period}
        party = next(a.party for a in self.hub.policy.agreements.values() if a.kind == "regions")
        towns = self.hub.policy.regions_of(self.hub.policy.agreements[party].level or "", date(self.year, 11, 1))[:2]
        for number, town in enumerate(towns, 1):
            found = self.parties.workbook_of(town.code, period)
            assert found is not None, f"{town.code} was sent no workbook"
            name, book = found
            answered = fill_in(self.hub, book, visits, date(self.year, 11, 5), skip=number % 2, spoil=number == 2)
            self.parties.send_back(town.code, period, name, book)
            self.received(party, period, number, ["success"])
            self.say(f"  {town.name} 返回核查表，填写 {answered} 户")

    def nil(self, period: str, when: str) -> None:
        """A town without a lead reports nil; the follow-up reminds whoever is overdue."""
        self.at(when)
        contract = next(c for c in self.hub.policy.contracts.values() if c.role == "outcome")
        level = self.hub.policy.agreements[contract.party].level or ""
        busy = {line["town"] for line in truth(self.synth / "truth.jsonl", "visit") if line["period"] == period}
        towns = self.hub.policy.regions_of(level, date(self.year, 12, 1))
        quiet = next(town for town in towns if town.code not in busy)
        self.parties.send_back(
            quiet.code, period, f"入户核查表零报告_{period.replace('-', '')}.xlsx", nil_report(period, contract.title)
        )
        self.received(contract.party, period, 1, ["success"])
        self.say(f"  {quiet.name} 零报告")
        self.follow_up(period)

    def _ended(self, dag: str, period: str, number: int) -> list[dict[str, str]]:
        """The runs of a DAG for a period, once that many have ended."""
        import time

        deadline = time.monotonic() + _PATIENCE
        while True:
            runs = self.airflow.runs(dag, period=period)
            ended = [run for run in runs if run["state"] in ("success", "failed")]
            if len(ended) >= number:
                return ended
            if time.monotonic() > deadline:
                raise TimeoutError(f"{dag} {period}: {len(ended)} of {number} runs ended: {[r['state'] for r in runs]}")
            time.sleep(0.5)
