"""The error path takes the lock again, and reads again.

An exception leaves the block that holds the lock, and the handler outside of it has no lock any
more.

Right: the handler makes room and does all of it again, in a window of its own.

The error is a disk that is full for one write and then no longer: a limit for the size of files.
"""

import fcntl
import json
import os
import resource
import sys

directory, token = sys.argv[1:]
path = directory + "/state.json"


def beginning():
    # A state has much besides what a change is about, so that to load and to save it takes a while.
    return {"tokens": [], "history": list(range(5000))}


def load():
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return beginning()


def save(state):
    temporary = path + "." + token
    with open(temporary, "w") as file:
        json.dump(state, file)
    os.replace(temporary, path)


def limit_size(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, unlimited))


unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
limit_size(0)
try:
    with open(directory + "/lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = load()
        state["tokens"].append(token)
        save(state)
except OSError:
    limit_size(unlimited)
    with open(directory + "/lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = load()
        state["tokens"].append(token)
        save(state)
