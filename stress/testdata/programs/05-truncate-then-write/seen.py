"""Truncates the file and then writes it, under a correct lock.

open(path, "w") and a dump into it is how most programs save.

Wrong: from the open in save() to its close the only file with the state is empty or half written.
As long as nobody is killed nothing is ever lost.
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
    with open(path, "w") as file:
        json.dump(state, file)


lock = open(directory + "/lock", "a")
fcntl.flock(lock, fcntl.LOCK_EX)
state = load()
state["tokens"].append(token)
save(state)
