"""Writes a new file and then gives it the name, under a correct lock.

open(path, "w") and a dump into it is how most programs save.

Right: save() writes into a file that nobody reads and renames it when it is whole. A kill leaves
the old state or the new one under the name.
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
