"""Says that nothing was done when the time for waiting runs out.

A hook must not block its caller for long, so it waits a while, and then many go on without the
lock.

Right: without the lock nothing is changed, and the caller is told, so that it can try again.
"""

import fcntl
import json
import os
import sys
import time

directory, token = sys.argv[1:]
path = directory + "/state.json"
lock = open(directory + "/lock", "a")


def load():
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return {"tokens": []}


def save(state):
    temporary = path + "." + token
    with open(temporary, "w") as file:
        json.dump(state, file)
    os.replace(temporary, path)


def taken():
    for _ in range(5):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.001)
    return False


if not taken():
    sys.exit("another process has the lock: nothing was changed")
state = load()
time.sleep(0.01)
state["tokens"].append(token)
save(state)
