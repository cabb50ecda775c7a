"""Python's garbage collector, set for a process that lives for a second.

Like the signals' handlers, this is for the doors to call before they import what takes long.
"""

import atexit
import gc

# Imports make 57,000 objects, which all stay. By default the collector looks through them again and
# again while they come, and finds nothing. It still comes by where a run of many targets, or a long
# wait, has left as much behind as this: some 20 MB.
_OBJECTS = 200_000


def collect_seldom() -> None:
    """From now on collect seldom, and not at all at the end."""
    gc.set_threshold(_OBJECTS)
    # Python ends with a last look through everything, for memory that the system frees anyway.
    atexit.register(gc.freeze)
