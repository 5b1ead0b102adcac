"""A debounce stamp that is read, compared and written without a lock.

"Not more often than every so many seconds" is kept by a file with the time of the last time.

Wrong: two that both read the stamp before either has written its own both act.
"""

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


now = time.monotonic_ns()
if now - last() >= INTERVAL_NS:
    write(now)
    act(now)
