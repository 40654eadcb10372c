"""The page on answering a request: what it tells people to type does what it says."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from bidui.orchestration import clock
from tests.how_to import blocks, page, typed

from .conftest import Window

pytestmark = pytest.mark.slow

PAGE = "answer-a-request"
THE_DEMO_S_LAST = datetime.fromisoformat("2026-12-31T09:00:00+08:00")
_FORM = re.compile(r"^```yaml (\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_what_the_page_tells_people_to_type(window: Window, tmp_path: Path) -> None:
    window.register()
    clock.put(window.office.home / clock.FILE, THE_DEMO_S_LAST)
    ((name, form),) = _FORM.findall(page(PAGE))
    (tmp_path / name).write_text(form, encoding="utf-8")
    office = window.office
    said = typed(
        "\n".join(blocks(PAGE)), tmp_path, office.home, office.include,
        BIDUI_PROFILE=office.profile, BIDUI_DB=office.database_address, BIDUI_SMTP=office.mail_server,
    )  # fmt: skip
    heading, listed, granted, served, password = said.splitlines()
    assert heading.split("\t") == ["编号", "申请单位", "所需数据", "办理情况"]
    assert listed.split("\t")[1] == "县红十字会"
    assert listed.endswith("待答复，期限 2026-12-15，已逾期")
    assert "已同意：村、姓名；期限 2026-12-01 至 2026-12-31。" in granted
    assert served.startswith("发出 1 封，失败 0 封")
    assert re.fullmatch(r"(\w{4}-){3}\w{4}", password)
    answer, data = window.mails()
    assert "答复：同意" in answer["Subject"]
    assert len(list(data.iter_attachments())) == 1
