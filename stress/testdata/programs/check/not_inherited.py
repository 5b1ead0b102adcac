"""Judges that no child has inherited the lock: not_inherited.py LOCK

When all that were started have ended, the lock must be free. A flock(1) whose shell was killed may
have it for a moment, and ends by itself; so the accusation takes three things: the lock is held, a
process has the lock file open, and it is the program that was started in the background. A twin
that closes the descriptor before that program begins never has such a child, whoever is killed.
"""

import fcntl
import sys
from pathlib import Path

from verdict import accuse

CHILD = "sleep"


def is_held(path):
    with open(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def has_open(process, path):
    try:
        return any(file.resolve() == path for file in (process / "fd").iterdir())
    except OSError:
        return False


def name(process):
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""


path = Path(sys.argv[1]).resolve()
if path.exists() and is_held(path):
    for process in Path("/proc").glob("[0-9]*"):
        if name(process) == CHILD and has_open(process, path):
            accuse("the child {} holds the lock, and its parent has ended".format(process.name))
