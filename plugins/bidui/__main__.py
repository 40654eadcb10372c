"""``python -m bidui``."""

from bidui.cli import app

app(prog_name="python -m bidui")
