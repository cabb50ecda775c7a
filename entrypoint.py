"""The container's entrypoint: by path, so that nothing of the caller's checkout is importable.

Without arguments it is the action; with arguments, the command line.
"""

import sys

from asc_linker import haste, signals

# Before anything that takes long to import: from now on no signal is lost.
signals.remember()
haste.collect_seldom()

if sys.argv[1:]:
    from asc_linker.cli import main
else:
    from asc_linker.action import main

haste.end(main())
