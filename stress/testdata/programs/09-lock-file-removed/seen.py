"""Deletes the lock file on release.

Nobody likes a lock file that lies around, so the holder tidies up.

Wrong: who waited for the lock gets that of a file without a name, while the next one that comes
makes a new file and has the lock of that. Both hold "the" lock, on two files.
"""

import fcntl
import json
import os
import sys

directory, token = sys.argv[1:]
path = directory + "/state.json"
lock_path = directory + "/lock"


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


def take():
    lock = open(lock_path, "a")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def release():
    try:
        os.unlink(lock_path)
    except FileNotFoundError:
        pass


lock = take()
state = load()
state["tokens"].append(token)
save(state)
release()
