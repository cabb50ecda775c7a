"""The command line: `python -m asc_linker`, and what `asc-linker` starts."""

import sys

from asc_linker import haste, signals


def main() -> int:
    """Run the command line. Returns the exit code."""
    # Before anything that takes long to import: from now on no signal is lost.
    signals.remember()
    haste.collect_seldom()
    from asc_linker.cli import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
