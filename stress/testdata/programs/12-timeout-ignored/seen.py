"""Goes on without the lock when the time for waiting runs out.

A hook must not block its caller for long, so it waits a while, and does its work all the same.

Wrong: what taken() says is not heeded. The lock is missing exactly under load, and so in no test.
"""

import fcntl
import json
import os
import sys
import time

directory, token = sys.argv[1:]
path = directory + "/state.json"
lock = open(directory + "/lock", "a")


def load():
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return {"tokens": []}


def save(state):
    temporary = path + "." + token
    with open(temporary, "w") as file:
        json.dump(state, file)
    os.replace(temporary, path)


def taken():
    for _ in range(5):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.001)
    return False


taken()
state = load()
time.sleep(0.01)
state["tokens"].append(token)
save(state)
