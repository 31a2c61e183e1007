"""``python -m monitor.cli``: the same as ``vigie``."""

from monitor.cli import main

main(prog_name="vigie")
