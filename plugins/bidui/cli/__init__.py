"""The same use cases without Airflow: ``python -m bidui <命令>``. Texts are Chinese, for the people of the centre."""

from __future__ import annotations

import typer

from bidui.cli import agreements, catalogue, contacts, keys, month, needs, policies, project, snapshots

app = typer.Typer(no_args_is_help=True, add_completion=False, help="比对：县级数据共享、比对、下发、反馈的全部操作。")
for commands in (month, snapshots, project):
    app.add_typer(commands.app)
app.add_typer(policies.app, name="policy")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(contacts.app, name="contacts")
app.add_typer(agreements.app, name="agreement")
app.add_typer(keys.app, name="keys")
app.add_typer(needs.app, name="need")
