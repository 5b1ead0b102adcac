"""A lock of the open file, and another part of the process that opens and closes the same file.

The lock file says who holds it, and some library, log or status line reads that.

Right: flock(2) belongs to the open file description, and that of note_holder() is another one,
which it can close.
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
    lock.truncate(0)
    print(token, file=lock, flush=True)
    return lock


def note_holder():
    with open(lock_path) as file:
        print("held by", file.read().strip())


lock = take()
note_holder()
state = load()
state["tokens"].append(token)
save(state)
