"""``python -m monitor.metrics`` prints the table of all names as Markdown, for the README."""

from monitor.metrics import table

print(table())  # noqa: T201 - this is the command's output
