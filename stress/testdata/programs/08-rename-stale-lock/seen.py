"""Locks the data file, and replaces it by rename.

A program that locked its file and wrote in place learns to "always write to a temporary file and
rename".

Wrong: the lock belongs to the file and the rename moves the name. Who waited for the lock wakes up
with that of a file that has no name any more, and reads from it what was true before.
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
    file = open(path, "a+")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


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
