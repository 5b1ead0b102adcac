"""Deletes the lock file on release, and whoever gets the lock looks whether it is still the file.

Nobody likes a lock file that lies around, so the holder tidies up. To let it lie is the simpler
repair.

Right: with the lock in its hands a process looks whether the name still leads to the file that it
has locked, and begins again if not. So only the holder of the file with the name removes it, and it
changes nothing afterwards.
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


def has_the_name(lock):
    try:
        return os.path.samestat(os.fstat(lock.fileno()), os.stat(lock_path))
    except FileNotFoundError:
        return False


def take():
    while True:
        lock = open(lock_path, "a")
        fcntl.flock(lock, fcntl.LOCK_EX)
        if has_the_name(lock):
            return lock
        lock.close()


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
