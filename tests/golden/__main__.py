"""``python -m tests.golden`` says which golden files differ from what the code says; ``--write`` renews them."""

import sys

from tests.golden.files import HERE, golden


def main() -> int:
    """Compare, and renew when asked; 0 when nothing differs."""
    wanted = golden()
    found = {str(p.relative_to(HERE)): p for p in sorted(HERE.glob("*/*.*")) if p.parent.name != "__pycache__"}
    write = "--write" in sys.argv[1:]
    differ = 0
    for name in sorted(wanted.keys() | found.keys()):
        text = found[name].read_text("utf-8") if name in found else None
        if wanted.get(name) == text:
            continue
        differ += 1
        word = "is new" if text is None else "is no longer said" if name not in wanted else "differs"
        sys.stdout.write(f"{name} {word}\n")
        if write and name in wanted:
            (HERE / name).parent.mkdir(exist_ok=True)
            (HERE / name).write_text(wanted[name], "utf-8")
        elif write:
            found[name].unlink()
    sys.stdout.write(f"{differ} of {len(wanted)} {'renewed' if write else 'differ'}\n")
    return 0 if write or not differ else 1


if __name__ == "__main__":
    sys.exit(main())
