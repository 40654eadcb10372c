"""What every contract has to say besides its columns (HY-02), for contracts that a test makes up."""

from __future__ import annotations

from typing import Any

ITEMS: dict[str, Any] = {
    "category": "部门/测试", "information": "comparison", "format": "workbook", "source_system": "测试系统",
    "security_level": "level1",
    "sharing": {"class": "unconditional", "scope": "各单位", "mode": "文件交换"},
}  # fmt: skip
