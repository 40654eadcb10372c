"""``make looks``: what people get to see of a demo that is up, as pictures in ``build/looks``.

The interface is seen in a real browser, after a real login; the documents are those that were mailed, opened with the
password that their recipient was told. Needs Chromium, LibreOffice (Calc and Writer), pdftoppm and a Chinese font.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from bidui.pipeline.office import Office as Hub
from bidui.pipeline.unseal import password
from bidui.policy.agreement import Contact
from bidui.policy.policy_set import PolicySet
from bidui.sealing import workbook
from demo import office as offices
from demo.browser import Browser
from demo.office import REPOSITORY, Office
from demo.parties import Parties
from demo.services.airflow import COMPONENTS, Airflow
from demo.services.process import ServiceError

LOOKS = REPOSITORY / "build" / "looks"
LOGIN = "boss"
PAGES = 6
"""Pages of a document that are rendered at most."""
_DOTS_PER_INCH = "90"
_PATIENCE = 180
_MANUAL = "document.querySelector('button[aria-label=\"Dag 文档\"]')"

TOOLS = {
    "浏览器": (("chromium", "chromium-browser", "google-chrome"), "chromium"),
    "LibreOffice": (("soffice", "libreoffice"), "libreoffice-calc-nogui libreoffice-writer-nogui"),
    "PDF 转图片": (("pdftoppm",), "poppler-utils"),
    "字体工具": (("fc-list",), "fontconfig fonts-noto-cjk"),
}
"""What it is → (names of the command, Debian packages that bring it)."""
CHINESE_FONT = "fonts-noto-cjk"


@dataclass(frozen=True)
class Tools:
    """The commands, by their full paths."""

    browser: str
    office: str
    pdf: str


def main() -> int:
    """Render everything; the exit code says whether all pictures were made."""
    place = offices.at(Path(os.environ.get("BIDUI_DEMO_HOME") or REPOSITORY / "build" / "demo"))
    try:
        tools = found_tools()
        if not place.home.exists() or Airflow(place).healthy() != set(COMPONENTS):
            raise ServiceError("演示没有开着：请先运行 make demo（不带 ONCE=1），再运行 make looks")
        os.environ.update(place.environment() | {"BIDUI_PROFILE": offices.load(place.home)["BIDUI_PROFILE"]})
        shutil.rmtree(LOOKS, ignore_errors=True)
        LOOKS.mkdir(parents=True)
        hub = Hub.from_environment()
        with Browser(tools.browser, time_zone=hub.policy.profile.time_zone) as browser:
            interface(browser, place, hub.policy)
            documents(tools, browser, Parties(place, hub, {}))
    except ServiceError as fault:
        print(fault, file=sys.stderr)
        return 1
    for file in sorted(LOOKS.glob("*.png")):
        print(file.relative_to(REPOSITORY))
    return 0


def found_tools() -> Tools:
    """The commands that are needed; ServiceError names all that are missing and the packages that bring them."""
    found = {what: next(filter(None, map(shutil.which, names)), None) for what, (names, _) in TOOLS.items()}
    missing = {what: packages for what, (_, packages) in TOOLS.items() if not found[what]}
    if fonts := found["字体工具"]:
        listed = subprocess.run(
            [fonts, ":lang=zh", "family"], capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
        if not listed.stdout.strip():
            missing["中文字体"] = CHINESE_FONT
    if missing:
        raise ServiceError(f"缺少 {'、'.join(missing)}。Debian 上：apt-get install {' '.join(missing.values())}")
    return Tools(found["浏览器"] or "", found["LibreOffice"] or "", found["PDF 转图片"] or "")


# --- the interface -----------------------------------------------------------------------------------------------
def interface(browser: Browser, place: Office, policy: PolicySet) -> None:
    """Log in as a person would, and look at the pages that an engineer opens every month."""
    address = f"http://127.0.0.1:{place.ports.web}"
    browser.go(f"{address}/auth/login/")
    browser.wait("document.querySelector('input[name=password]')", "登录页")
    browser.picture(LOOKS / "ui-login.png")
    browser.ask(
        f"document.querySelector('input[name=username]').value = '{LOGIN}';"
        f"document.querySelector('input[name=password]').value = '{place.secret(f'login_{LOGIN}')}';"
        "document.querySelector('form[name=login] [type=submit]').click()"
    )
    browser.wait("!location.pathname.includes('login') && document.readyState === 'complete'", "登录后的首页", settle=5)
    roster, towns = policy.contracts[policy.in_role("roster")[0]].party, policy.visiting.party
    late = f"/dags/month_close/runs/{periods(place)[1]}"
    for name, path in (
        ("ui-home", "/"), ("ui-dags", "/dags"), ("ui-approvals", "/required_actions?response_received=true"),
        *((f"ui-grid-{dag.replace('_', '-')}", f"/dags/{dag}") for dag in (
            "month_open", "month_close", "deliver", "quarter_close", "snapshot", "restore_drill",
            f"receive_{roster}", f"receive_{towns}",
        )),
        (f"ui-runs-receive-{roster}", f"/dags/receive_{roster}/runs"), ("ui-runs-deliver", "/dags/deliver/runs"),
        ("ui-lines-wait", f"{late}.window/tasks/wait/mapped"),
        ("ui-lines-compare", f"{late}.late/tasks/compare/mapped"),
    ):  # fmt: skip
        browser.go(address + path)
        browser.wait("document.querySelector('#root')?.innerText.trim().length > 80", path, settle=5)
        browser.picture(LOOKS / f"{name}.png")
    browser.go(f"{address}/dags/month_close")
    browser.wait(_MANUAL, "DAG 说明按钮", settle=2)
    browser.ask(f"{_MANUAL}.click()")
    browser.wait("document.querySelector('[role=dialog]')", "DAG 说明")
    browser.picture(LOOKS / "ui-dag-manual.png")


def periods(place: Office) -> list[str]:
    """The months that the demo played."""
    return sorted(folder.name for folder in (place.home / "synth").iterdir() if folder.is_dir())


# --- the documents -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Attached:
    """One attachment as its recipient opens it."""

    name: str
    data: bytes


def documents(tools: Tools, browser: Browser, parties: Parties) -> None:
    """The first of each kind of document that the demo mailed."""
    policy = parties.hub.policy
    period = periods(parties.office)[0]
    towns = policy.visiting
    agencies = [c for a in policy.agreements.values() if a.kind == "agency" for c in a.contacts]
    reports = policy.agreements[next(r.party or "" for r in policy.recipes.values() if r.document)]
    town = next(c for c in towns.contacts if any(_opened(parties, c, towns.party, period, "核查表")))
    seen = {
        "town-workbook": next(_opened(parties, town, towns.party, period, "核查表"), None),
        "agency-findings": next(
            (f for c in agencies for f in _opened(parties, c, c.id.partition("-")[0], period, "更正单")), None
        ),
        "issue-workbook": next(
            (f for c in agencies for f in _opened(parties, c, c.id.partition("-")[0], period, "问题")), None
        ),
        "town-issue-workbook": next(_opened(parties, town, towns.party, period, "问题"), None),
        "monthly-report": next(
            (f for c in reports.contacts for f in _opened(parties, c, reports.party, period, ".docx")), None
        ),
        "quarterly-bulletin": next(_opened(parties, town, towns.party, period, "通报"), None),
    }
    for name, attached in seen.items():
        if attached is None:
            raise ServiceError(f"邮件里没有 {name}：演示没有走完")
        _render(tools, attached, name)
    mails = {
        "receipt": "回执", "refusal": "未予接收", "town-visits": "核查任务", "call-for-data": "报送通知",
        "approval-request": "待审", "bulletin": "通报",
    }  # fmt: skip
    for name, word in mails.items():
        mail = next(
            (
                m
                for c in [*agencies, town, *reports.contacts]
                for m in parties.received(c.email)
                if word in str(m["Subject"])
            ),
            None,
        )
        if mail is None:
            raise ServiceError(f"没有主题含“{word}”的邮件：演示没有走完")
        _show(browser, mail, f"mail-{name}")


def _opened(parties: Parties, contact: Contact, party: str, period: str, word: str) -> Iterator[Attached]:
    """The attachments with a word in their name, of all mails to a contact, opened with the month's password."""
    told = password(parties.hub, party, contact.region, period)
    for mail in parties.received(contact.email):
        for part in mail.iter_attachments():
            name, data = part.get_filename() or "", part.get_content()
            if word in name and isinstance(data, bytes):
                yield Attached(name, data if data.startswith(b"PK") else workbook.open_(data, [told]))


def _render(tools: Tools, attached: Attached, name: str) -> None:
    """A workbook or document by LibreOffice to PDF, its first pages to pictures."""
    with tempfile.TemporaryDirectory(prefix="bidui-looks-") as folder:
        file = Path(folder) / f"{name}.{attached.name.rpartition('.')[2]}"
        file.write_bytes(attached.data)
        shutil.copy(file, LOOKS / file.name)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        _run([tools.office, profile, "--headless", "--convert-to", "pdf", "--outdir", folder, str(file)])
        _run(
            [
                tools.pdf,
                "-png",
                "-r",
                _DOTS_PER_INCH,
                "-l",
                str(PAGES),
                str(file.with_suffix(".pdf")),
                str(LOOKS / name),
            ]
        )


def _show(browser: Browser, mail: EmailMessage, name: str) -> None:
    """The HTML body of a mail, as a mail program shows it."""
    body = mail.get_body(("html",))
    if body is None:
        raise ServiceError(f"{name}：邮件没有 HTML 正文")
    file = LOOKS / f"{name}.html"
    file.write_text(body.get_content(), encoding="utf-8")
    browser.go(file.as_uri())
    browser.wait("document.readyState === 'complete' && document.body.innerText.length > 20", name, settle=0.5)
    browser.picture(LOOKS / f"{name}.png", whole=True)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    if done.returncode:
        raise ServiceError(f"{Path(command[0]).name} 没有成功：{done.stderr.strip()[-300:]}")


if __name__ == "__main__":
    sys.exit(main())
