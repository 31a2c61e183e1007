"""``python -m tests.docs``: says what is stale and ends with 1; ``--write`` writes the generated parts anew."""

import sys

from tests.docs.parts import ROOT, stale


def _main(arguments: list[str]) -> int:
    if arguments not in ([], ["--write"]):
        print("usage: python -m tests.docs [--write]", file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    found = stale()
    for path, text in found.items():
        if arguments:
            path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {'written' if arguments else 'stale; run make docs'}")  # noqa: T201 - likewise
    return 1 if found and not arguments else 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
