"""Answers what cannot be parsed by writing defaults.

"If the file is broken, begin anew" keeps a program running that would otherwise fail at every
start. It keeps the version before beside the file, and when a process was killed while it wrote,
that version is whole.

Wrong: load() takes a damaged file for no state at all. It is this answer that loses the updates,
not the damage.
"""

import fcntl
import json
import os
import sys

directory, token = sys.argv[1:]
path = directory + "/state.json"
before = directory + "/state.json.before"


def beginning():
    # A state has much besides what a change is about, so that to load and to save it takes a while.
    return {"tokens": [], "history": list(range(5000))}


def parsed(name):
    try:
        with open(name) as file:
            return json.load(file)
    except (FileNotFoundError, ValueError):
        return None


def load():
    return parsed(path) or beginning()


def save(state):
    if parsed(path):
        os.replace(path, before)
    with open(path, "w") as file:
        json.dump(state, file)


lock = open(directory + "/lock", "a")
fcntl.flock(lock, fcntl.LOCK_EX)
state = load()
state["tokens"].append(token)
save(state)
