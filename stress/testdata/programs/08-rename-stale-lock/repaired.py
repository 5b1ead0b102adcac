"""Locks the data file, checks that the name is still its own, and replaces it by rename.

A program that locked its file and wrote in place learns to "always write to a temporary file and
rename", and its lock moves away from the name.

Right: with the lock in its hands it looks whether the name still leads to the file that it has
locked, and begins again if not.
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


def open_locked():
    while True:
        file = open(path, "a+")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
            return file
        file.close()


def load(file):
    file.seek(0)
    text = file.read()
    return json.loads(text) if text else beginning()


def save(state):
    temporary = path + "." + token
    with open(temporary, "w") as file:
        json.dump(state, file)
    os.replace(temporary, path)


file = open_locked()
state = load(file)
state["tokens"].append(token)
save(state)
