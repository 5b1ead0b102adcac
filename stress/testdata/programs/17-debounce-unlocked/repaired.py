"""A debounce stamp that is read, compared and written in one window.

"Not more often than every so many seconds" is kept by a file with the time of the last time.

Right: nobody else reads the stamp between the reading and the writing. The clock is read in the
window too: who has waited for the lock would otherwise compare with a time that is long past.
"""

import fcntl
import os
import sys
import time

INTERVAL_NS = 20_000_000

directory, token = sys.argv[1:]
path = directory + "/stamp"


def last():
    try:
        with open(path) as file:
            return int(file.read())
    except FileNotFoundError:
        return -INTERVAL_NS


def write(stamp):
    temporary = path + "." + token
    with open(temporary, "w") as file:
        file.write(str(stamp))
    os.replace(temporary, path)


def act(now):
    log = os.open(directory + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(log, "acted {} {}\n".format(now, token).encode())


lock = open(directory + "/lock", "a")
fcntl.flock(lock, fcntl.LOCK_EX)
now = time.monotonic_ns()
if now - last() >= INTERVAL_NS:
    write(now)
    act(now)
