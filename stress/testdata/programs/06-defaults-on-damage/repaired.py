"""Answers what cannot be parsed by the version before.

"If the file is broken, begin anew" is how programs keep running that would otherwise fail at every
start.

Right: load() looks at the version before when the file is damaged or missing. Of the two one is
whole at every instant, and only a whole file takes the place of the version before.
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
    return parsed(path) or parsed(before) or beginning()


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
