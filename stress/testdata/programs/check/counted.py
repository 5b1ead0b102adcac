"""Judges a counter: counted.py FILE

Each acknowledged process has added one, and each other one that was started one or none. A twin
that replaces the file while it is alone adds one for each that it acknowledges, and a kill leaves
the old number or the new one.
"""

import os
import sys

from verdict import accuse, acked, started

counted = 0
if os.path.exists(sys.argv[1]):
    with open(sys.argv[1]) as file:
        counted = int(file.read() or 0)
if not len(acked()) <= counted <= len(started()):
    accuse("{} of {} were counted, of {} started".format(counted, len(acked()), len(started())))
