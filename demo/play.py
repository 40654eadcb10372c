"""Three months of a synthetic hub on the simulated clock, played by the parties' side against the real hub.

Parties and regions are asked for by what they do, so that any profile with a synthetic hub plays the same months.

Month 1: everything comes in time; a package comes twice; two towns send their workbooks back, one with a blank, one
with a changed locked cell. Month 2: the roster is refused, comes late and is amended; one town's part of a dataset
comes late; the head rejects the report, which is made anew; a town reports nil. Month 3: everything in time, while
processes are killed and connections cut.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from bidui.domain.period import Period
from bidui.orchestration import clock
from bidui.pipeline.arrive import window_of
from bidui.pipeline.office import Office as Hub
from bidui.policy.region import Region
from demo import needs
from demo.accidents import SENDING, Accidents
from demo.office import Office
from demo.parties import Parties, fill_in, nil_report, truth, visits

Say = Callable[[str], None]
PATIENCE = 300.0
"""Seconds to wait for a run."""
EVERY = 1.0
"""Seconds between two looks at a DAG's runs."""
APART = ("export", "expense", "certificate", "roster")
"""What comes in at a time of its own."""
PARTS = "benefit"
"""What comes in parts, where regions give it."""
ENDED = ("success", "failed")
ORDER = {"broken": 0, "full": 1, "amend": 2}
"""In which the variants of a file come in."""


class Room(Protocol):
    """Where the hub's runs are started and watched: Airflow, or `demo.control_room`."""

    def trigger(self, dag: str, run: str, *, period: str) -> Any:
        """Start a run, as its timetable would by the real clock."""

    def wait(self, dag: str, run: str, seconds: float) -> str:
        """The state in which the run ended."""

    def runs(self, dag: str, *, period: str) -> list[dict[str, Any]]:
        """The runs of a DAG for a period, oldest first."""

    def decide(self, dag: str, run: str, contact: str, *, approve: bool = True, remark: str = "") -> str:
        """A contact approves or rejects what a run has prepared; how that step ended."""

    def anew(self, dag: str, run: str) -> None:
        """Prepare once more what was rejected."""


@dataclass
class Play:
    """The stage: the office, its control room, the parties, and the files that they will hand in."""

    office: Office
    hub: Hub
    room: Room
    parties: Parties
    synth: Path
    say: Say
    accidents: Accidents | None = None
    """What goes wrong in the third month; without it, nothing does."""
    _ends: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    """(party, period) → how many of its packages so far should have come to which end."""

    @property
    def periods(self) -> list[str]:
        """The months for which files were made."""
        return sorted(folder.name for folder in self.synth.iterdir() if folder.is_dir())

    def at(self, text: str) -> datetime:
        """Set the clock to ``MM-DD HH:MM`` of the year of the first period, or to a day of another year."""
        told = text if text.count("-") > 1 else f"{self.periods[0][:4]}-{text}"
        moment = datetime.strptime(told, "%Y-%m-%d %H:%M").replace(tzinfo=self.hub.zone)
        clock.put(self.office.home / clock.FILE, moment)
        return moment

    # -- the months

    def first_month(self, period: str) -> None:
        """Everything in time; one package twice; towns answer."""
        opens, _ = window_of(self.hub, Period.parse(period))

        def day(number: int, hour: str) -> str:
            return f"{opens + timedelta(days=number)} {hour}"

        self.at(day(0, "08:00"))
        self.start("month_close", f"{period}.window", period)
        self.hand_in(period, self.at(day(0, "09:00")), "export", "expense", "certificate")
        self.rest(period)
        self.parts(period, day(0, "14:00"))
        again = self.hand_in(period, self.at(day(1, "10:00")), "roster")
        party, _, name = self.dataset("roster").partition(".")
        self.parties.drop(again[-1], party, name, f"再次{period}.sealed")
        self.came(self.dataset("roster"), period)
        self.closed(period, f"{period}.window")
        self.approved("deliver", period, day(2, "09:30"))
        self.towns_answer(period, day(10, "15:00"))
        self.say(f"  {needs.asked(self.hub, self.at(day(10, '16:00')))}")

    def second_month(self, period: str) -> None:
        """The roster is refused, late, amended; a town's part is late; a report is rejected; a town reports nil."""
        self.opened(period, "11-20 08:00")
        self.at("11-25 08:00")
        self.start("month_close", f"{period}.window", period)
        self.hand_in(period, self.at("11-25 09:00"), "export", "expense", "certificate")
        self.rest(period)
        late = self.towns[2]
        self.parts(period, "11-25 14:00", without=late)
        self.hand_in(period, self.at("11-26 10:00"), "roster", variant="broken", end="failed")
        self.say("  参保名册缺列，已退回；其余照等，直到窗口结束")
        self.at("12-01 00:30")
        self.closed(period, f"{period}.window")
        self.hand_in(period, self.at("12-01 09:00"), "roster")
        self.parts(period, "12-01 11:00", only=late)
        self.hand_in(period, self.at("12-01 15:00"), "roster", variant="amend")
        self.at("12-02 09:00")
        self.start("month_close", f"{period}.late", period)
        self.closed(period, f"{period}.late")
        self.rejected("deliver", period, "12-02 10:00", number=2, anew="12-02 14:00")
        self.approved("deliver", period, "12-03 09:00", number=2)
        self.too_late("deliver", period, number=1)
        self.nil(period, "12-04 09:00")
        self.say(f"  {needs.refused(self.hub, self.at('12-04 15:00'))}")

    def third_month(self, period: str) -> None:
        """Everything in time, and accidents on the hub's side."""
        self.opened(period, "12-21 08:00")
        self.at("12-25 08:00")
        self.start("month_close", f"{period}.window", period)
        with self._accident("killed", self._table("expense")), self._accident("refused", self._table("certificate")):
            self.hand_in(period, self.at("12-25 09:00"), "export", "expense", "certificate")
        self.rest(period)
        self.parts(period, "12-25 14:00")
        with self._accident("cut", "core.finding_seen"):
            self.hand_in(period, self.at("12-28 10:00"), "roster")
            with self._accident("killed", SENDING):  # not earlier: the roster's receipt is not meant
                self.closed(period, f"{period}.window")
                self.approved("deliver", period, "12-29 09:30")

    def quarter(self, period: str) -> None:
        """The quarter's bulletin: its summing up starts by itself once all its months are closed."""
        self.approved("quarter_close", period, "12-30 09:30")

    def kept(self, period: str) -> None:
        """Once all is done, a snapshot; it starts its drill, which restores it into another, empty cluster.

        The quarter's end has started a first one by itself, before the bulletin was approved.
        """
        for dag in ("snapshot", "restore_drill"):
            self.ended(dag, self._run(dag, period, 1))
        self.at("12-31 09:00")
        self.start("snapshot", f"{period}.last", period)
        self.ended("snapshot", f"{period}.last")
        self.ended("restore_drill", self._run("restore_drill", period, 2))
        self.say(f"  {period} 备份已存，已在另一个数据库集群恢复并核对")

    # -- what comes in

    def dataset(self, role: str) -> str:
        """Id of the dataset that comes in under a role."""
        return self.hub.policy.in_role(role)[0]

    @property
    def towns(self) -> list[Region]:
        """The regions whose offices answer and report, in order of code."""
        level = self.hub.policy.visiting.level
        return self.hub.policy.regions_of(level or "", date.fromisoformat(f"{self.periods[-1]}-28"))

    def hand_in(
        self, period: str, now: datetime, *roles: str, variant: str = "full", end: str = "success"
    ) -> list[bytes]:
        """Agencies hand in one variant of the datasets of these roles; the sealed files, once all are received."""
        sealed = []
        for dataset in map(self.dataset, roles):
            for line in self.files(period, dataset, variant):
                kind = "amend" if variant == "amend" else "full"
                file, (party, _, name) = self.synth / line["path"], dataset.partition(".")
                sealed.append(self.parties.hand_in(file, party, name, period, now, kind=kind))
                self._expect(dataset, period, end)
        for dataset in map(self.dataset, roles):
            self._received(dataset, period)
        return sealed

    def rest(self, period: str) -> None:
        """Whatever else is there for the month comes in: agencies hand in, regions mail."""
        apart = {self.dataset(role) for role in APART}
        now, came = clock.read(self.office.home / clock.FILE), set()
        for line in truth(self.synth / "truth.jsonl", "rows"):
            part = line["scope"] and line["dataset"] == self.dataset(PARTS)
            if line["period"] != period or line["dataset"] in apart or part:
                continue
            file, (party, _, name) = self.synth / line["path"], line["dataset"].partition(".")
            giver = line["scope"] if line["scope"] in self.hub.policy.agreements else None
            if line["scope"] and not giver:
                self.parties.post(line["scope"], period, file.name, file.read_bytes())
            else:
                self.parties.hand_in(file, giver or party, name, period, now)
            self._expect(line["dataset"], period, "success", giver)
            came.add((line["dataset"], giver))
        for dataset, giver in sorted(came, key=str):
            self._received(dataset, period, giver)

    def came(self, dataset: str, period: str) -> None:
        """One more package of a dataset came and was taken: wait until it is received."""
        self._expect(dataset, period, "success")
        self._received(dataset, period)

    def parts(self, period: str, when: str, *, only: Region | None = None, without: Region | None = None) -> None:
        """Regions mail their parts of what comes in parts; what an agency gives whole has come with the rest."""
        self.at(when)
        dataset = self.dataset(PARTS)
        for line in self.files(period, dataset, "full"):
            if not line["scope"]:
                continue
            if (only is None or line["scope"] == only.code) and (without is None or line["scope"] != without.code):
                file = self.synth / line["path"]
                self.parties.post(line["scope"], period, file.name, file.read_bytes())
                self._expect(dataset, period, "success")
        self._received(dataset, period)

    def files(self, period: str, dataset: str, variant: str) -> Iterator[dict[str, Any]]:
        """What truth tells of the files of one variant."""
        for line in truth(self.synth / "truth.jsonl", "rows"):
            if (line["period"], line["dataset"], line["variant"]) == (period, dataset, variant):
                yield line

    def _expect(self, dataset: str, period: str, end: str, giver: str | None = None) -> None:
        party = giver or self.parties.sender(dataset)[0].party
        self._ends.setdefault((party, period), Counter())[end] += 1

    def _received(self, dataset: str, period: str, giver: str | None = None) -> None:
        """Wait until all that a dataset's sender sent for a period was received, and came to the ends expected."""
        party = giver or self.parties.sender(dataset)[0].party
        wanted = self._ends.get((party, period), Counter())
        ends = Counter(run["state"] for run in self._runs(f"receive_{party}", period, wanted.total(), ENDED))
        if ends != wanted:
            raise AssertionError(f"receive_{party} {period}: expected {dict(wanted)}, got {dict(ends)}")
        self.say(f"  接收 {party} {period}：已到 {wanted.total()} 个文件，退回 {wanted['failed']} 个")

    # -- what the hub does

    def start(self, dag: str, run: str, period: str) -> None:
        """Start a run, as its timetable would by the real clock."""
        self.room.trigger(dag, run, period=period)

    def ended(self, dag: str, run: str, wanted: str = "success") -> None:
        """Wait until a run has come to its end, the one expected."""
        if (state := self.room.wait(dag, run, PATIENCE)) != wanted:
            raise AssertionError(f"{dag} {run}: {state}")

    def opened(self, period: str, when: str) -> None:
        """The parties are called upon for the month's data."""
        self.at(when)
        self.start("month_open", f"{period}.open", period)
        self.ended("month_open", f"{period}.open")
        self.say(f"  {period} 已发报送通知")

    def closed(self, period: str, run: str) -> None:
        """Wait until the month is compared; its delivery starts by itself."""
        self.ended("month_close", run)
        self.say(f"  {period} 已比对（{run}）")

    def approved(self, dag: str, period: str, when: str, number: int = 1) -> None:
        """Everybody who must approves, one after another, what the period's run of that number prepared; it leaves."""
        self.at(when)
        run = self._run(dag, period, number)
        for contact in self.approvers(dag):
            if (end := self.room.decide(dag, run, contact)) != "success":
                raise AssertionError(f"{dag} {run}: {contact} approved, and the step ended {end}")
            self.say(f"  {period} 报告已由 {contact} 批准")
        self.ended(dag, run)

    def rejected(self, dag: str, period: str, when: str, number: int, anew: str) -> None:
        """The first who is asked rejects what a run prepared; it is prepared anew."""
        self.at(when)
        run = self._run(dag, period, number)
        contact = self.approvers(dag)[0]
        if (end := self.room.decide(dag, run, contact, approve=False, remark="请核对分镇合计")) != "failed":
            raise AssertionError(f"{dag} {run}: {contact} rejected, and the step ended {end}")
        self.say(f"  {period} 报告被 {contact} 退回，重新拟制")
        self.at(anew)
        self.room.anew(dag, run)

    def too_late(self, dag: str, period: str, number: int) -> None:
        """A question that a later round has made void is answered all the same; the answer counts for nothing."""
        run = self._run(dag, period, number)
        if (end := self.room.decide(dag, run, self.approvers(dag)[0])) != "skipped":
            raise AssertionError(f"{dag} {run}: an answer to a void question ended {end}")
        self.ended(dag, run)

    def approvers(self, dag: str) -> list[str]:
        """Who has to approve what a DAG prepares, in their order."""
        moment = {"deliver": "close", "quarter_close": "quarter"}[dag]
        asked = next(r.approvals for r in self.hub.policy.recipes.values() if r.when == moment and r.approvals)
        return [self.hub.policy.profile.approvers[role][0] for role in asked]

    def follow_up(self, period: str) -> None:
        """One day's follow-up."""
        day = clock.read(self.office.home / clock.FILE).date().isoformat()
        self.start("follow_up", f"{day}.{period}", day)
        self.ended("follow_up", f"{day}.{period}")

    # -- what towns answer

    def towns_answer(self, period: str, when: str) -> None:
        """Two towns send their workbooks back: one leaves a row blank, one has changed a locked cell."""
        now = self.at(when)
        found = {v["household"]: v for v in truth(self.synth / "truth.jsonl", "visit") if v["period"] == period}
        for number, town in enumerate(self.towns[:2], 1):
            sent = self.parties.workbook_of(town.code, period)
            assert sent is not None, f"{town.code} was sent no workbook"
            name, book = sent
            answered = fill_in(self.hub, book, found, now.date(), skip=number % 2, spoil=number == 2)
            self.parties.send_back(town.code, period, name, book)
            self.came(visits(self.hub.policy).id, period)
            self.say(f"  {town.name} 返回核查表，填写 {answered} 户")

    def nil(self, period: str, when: str) -> None:
        """A town without a lead reports nil; the follow-up reminds whoever is overdue."""
        now = self.at(when)
        busy = {line["town"] for line in truth(self.synth / "truth.jsonl", "visit") if line["period"] == period}
        quiet = next(town for town in self.towns if town.code not in busy)
        name, book = nil_report(self.hub, period, now.date())
        self.parties.send_back(quiet.code, period, name, book)
        self.came(visits(self.hub.policy).id, period)
        self.say(f"  {quiet.name} 零报告")
        self.follow_up(period)

    def _accident(self, what: str, table: str) -> AbstractContextManager[None]:
        """Whoever first writes to a table while the block runs is struck."""
        return getattr(self.accidents, what)(table) if self.accidents else nullcontext()

    def _table(self, role: str) -> str:
        return f"data.{self.hub.policy.contracts[self.dataset(role)].table}"

    def _run(self, dag: str, period: str, number: int) -> str:
        """Id of the run of that number (from 1) that a DAG makes for a period, once it is there."""
        return str(self._runs(dag, period, number)[number - 1]["dag_run_id"])

    def _runs(self, dag: str, period: str, number: int, states: Collection[str] = ()) -> list[dict[str, Any]]:
        """The runs of a DAG for a period, once there are that many; of those in ``states``, if any are named."""
        deadline = time.monotonic() + PATIENCE
        while True:
            runs = self.room.runs(dag, period=period)
            found = [run for run in runs if not states or run["state"] in states]
            if len(found) >= number:
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"{dag} {period}: {number} runs wanted, there are {[run['state'] for run in runs]}")
            time.sleep(EVERY)
