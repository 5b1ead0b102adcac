"""Locks once, to read and to write.

A helper that loads under a lock and another that saves under a lock are often called one after the
other, with a gap in between.

Right: the lock is exclusive from before load() until after save(). (To take it shared first and
then exclusive is no way out: that is a release and another lock.)
"""

import fcntl
import json
import os
import sys

directory, token = sys.argv[1:]
path = directory + "/state.json"
lock = open(directory + "/lock", "a")


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


fcntl.flock(lock, fcntl.LOCK_EX)
state = load()
state["tokens"].append(token)
save(state)
