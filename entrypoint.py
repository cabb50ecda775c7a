"""The container's entrypoint: by path, so that nothing of the caller's checkout is importable."""

import sys

from asc_linker.action import main

sys.exit(main())
