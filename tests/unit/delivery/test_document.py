"""Templates become Markdown, HTML and plain text; a value never becomes markup."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from bidui.delivery.document import names_used, render, render_line, to_html, to_text

SLY_VALUES = [
    "# 标题", "**粗**", "_斜_", "`代码`", "| 甲 | 乙 |", "- 项", "+ 项", "1. 项", "1) 项", "> 引",
    "---", "===", "~~~", "<script>alert(1)</script>", "<b>粗</b>", "[链](http://a.example)",
    "![图](http://a.example/x.png)", "<http://a.example>", "&lt;b&gt;", "\\", "a\n\n# 标题",
    "a\r\n| - |", "    四格", "{{ 7 * 7 }}", "{% if %}", "*", "~删~",
]  # fmt: skip
LETTER = """# 回执

> **结论**：接收

| 项目 | 内容 |
| --- | --- |
| 期别 | 10月 |

| 指标 | 本期 | 上期 |
| --- | ---: | ---: |
| 行数 | 12 | 7 |

1. 甲
2. 乙

- 丙

---

###### 局
"""
LETTER_AS_TEXT = """回执
====

※ 结论：接收

期别：10月

指标  本期  上期
行数  12    7

1. 甲
2. 乙

· 丙

----------------------------------------

局
"""


def shown(html: str) -> str:
    return html[html.index('color:#1f2933">\n') + 16 : html.index("</div>")]


@pytest.mark.parametrize("value", SLY_VALUES)
@pytest.mark.parametrize(
    "template", ["{{ value }}", "说明：{{ value }}", "甲{{ value }}", "1. {{ value }}", "> {{ value }}"]
)
def test_a_value_is_shown_as_it_is_and_is_no_markup(value, template):
    honest = shown(to_html(render(template, {"value": "文字"})))
    html = shown(to_html(render(template, {"value": value})))
    tags = [part.split(">")[0].split(" ")[0] for part in html.split("<")[1:]]
    assert tags == [part.split(">")[0].split(" ")[0] for part in honest.split("<")[1:]]


@pytest.mark.parametrize("value", SLY_VALUES)
def test_a_value_stays_in_its_cell(value):
    markdown = render("| 甲 | 乙 |\n| --- | --- |\n| {{ value }} | 末 |\n", {"value": value})
    assert to_html(markdown).count("<td") == 2
    assert to_text(markdown) == " ".join(value.split()) + "：末\n"


def test_a_missing_name_is_an_error_and_no_value_can_reach_into_python():
    with pytest.raises(UndefinedError):
        render("{{ missing }}", {})
    with pytest.raises(UndefinedError):
        render("{{ item.missing }}", {"item": {}})
    with pytest.raises(SecurityError):
        render("{{ item.__class__.__mro__ }}", {"item": "x"})


def test_an_unknown_figure_is_a_dash():
    assert render("{{ rate | percent }}，{{ rate }}", {"rate": None}) == "—，—"


def test_a_line_stays_one_line_and_keeps_the_templates_spaces():
    assert render_line("编号：{{ no }}　　期别：10", {"no": "甲\r\nBcc: 乙\t丙"}) == "编号：甲 Bcc: 乙 丙　　期别：10"


def test_the_names_a_template_asks_for():
    assert names_used("{{ a }}{% for b in c %}{{ b.d }}{% endfor %}") == {"a", "c"}


def test_html_loads_nothing_and_carries_its_own_style():
    html = to_html(
        "# 回执\n\n| 甲 | 乙 |\n| --- | ---: |\n| 一 | 2 |\n\n[链](http://a.example) ![图](http://a.example)"
    )
    assert "<title>回执</title>" in html
    assert 'lang="zh-CN"' in html
    assert "border:1px solid" in html
    assert "text-align:right" in html
    assert not [word for word in ("<a ", "<img", "<link", "<script", "src=", "url(") if word in html]


def test_plain_text_holds_what_the_page_holds():
    assert to_text(LETTER) == LETTER_AS_TEXT


def test_a_wide_table_becomes_one_entry_a_row():
    long = "很长的说明" * 10
    text = to_text(f"| 问题 | 位置 | 怎么改 |\n| --- | --- | --- |\n| 甲 | 乙 | {long} |\n")
    assert text == f"1. 问题：甲；位置：乙；怎么改：{long}\n"
