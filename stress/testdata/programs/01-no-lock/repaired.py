"""Reads, changes and writes, alone.

Counters and settings of command line tools are often kept like this, without the lock.

Right: the lock is taken before load() and held until after save(); the end of the process releases
it, however it comes about. It is on a file of its own, which no save replaces.
"""

import fcntl
import json
import os
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


lock = open(directory + "/lock", "a")
fcntl.flock(lock, fcntl.LOCK_EX)
state = load()
state["tokens"].append(token)
save(state)
