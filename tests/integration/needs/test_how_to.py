"""The page on answering a request: what it tells people to type does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from bidui.orchestration import clock

from .conftest import Window

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "how-to" / "answer-a-request.md").read_text(encoding="utf-8")
_FORM = re.compile(r"^```yaml (\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


def test_what_the_page_tells_people_to_type(window: Window, tmp_path: Path) -> None:
    window.register()
    clock.put(window.office.home / clock.FILE, window.now.astimezone(window.office.zone))
    ((name, form),) = _FORM.findall(PAGE)
    (tmp_path / name).write_text(form, encoding="utf-8")
    typed = "\n".join(dedent(block) if indent else block for indent, block in _BLOCK.findall(PAGE))
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT / "plugins"), "BIDUI_PROFILE": window.office.profile,
        "BIDUI_SIMULATED": "1", "BIDUI_HOME": str(window.office.home), "BIDUI_INCLUDE": str(window.office.include),
        "BIDUI_DB": window.office.database_address, "BIDUI_SMTP": window.office.mail_server,
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-euc", typed.replace(".venv/bin/python", sys.executable)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    listed, granted, served, password = done.stdout.splitlines()
    assert listed.split("\t")[1] == "县红十字会"
    assert listed.endswith("待答复，期限 2026-12-15")
    assert "已同意：村、姓名；期限 2026-12-01 至 2026-12-31。" in granted
    assert served.startswith("发出 1 封，失败 0 封")
    assert re.fullmatch(r"(\w{4}-){3}\w{4}", password)
    answer, data = window.mails()
    assert "答复：同意" in answer["Subject"]
    assert len(list(data.iter_attachments())) == 1
