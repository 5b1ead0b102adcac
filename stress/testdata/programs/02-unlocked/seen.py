"""Locks to read, releases the lock, and locks to write.

A helper that loads under a lock and another that saves under a lock, each of them right, are called
one after the other. Every access is locked, which is why the program looks locked.

Wrong: load() releases the lock, and save() takes it again. In between another process can change
the state, and its update is written over.
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
    fcntl.flock(lock, fcntl.LOCK_SH)
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return beginning()
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)


def save(state):
    temporary = path + "." + token
    with open(temporary, "w") as file:
        json.dump(state, file)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.replace(temporary, path)


state = load()
state["tokens"].append(token)
save(state)
