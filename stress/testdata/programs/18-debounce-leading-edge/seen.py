"""A debounce that acts at the leading edge of a burst only.

The first change of a burst is acted on, and so that not each of the others is, they are left alone
for a while.

Wrong: who is too early records its change and goes. Nobody acts on the last change of a burst until
another one comes, which may be never.
"""

import fcntl
import json
import os
import sys
import time

INTERVAL_NS = 20_000_000

directory, token = sys.argv[1:]
path = directory + "/state.json"


def load():
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return {"changes": [], "acted_on": [], "acted_at": -INTERVAL_NS}


def save(state):
    temporary = path + "." + token
    with open(temporary, "w") as file:
        json.dump(state, file)
    os.replace(temporary, path)


def record_or_act():
    """How many nanoseconds are left until somebody may act on this change; none if one has."""
    with open(directory + "/lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = load()
        if token not in state["changes"]:
            state["changes"].append(token)
        left = state["acted_at"] + INTERVAL_NS - time.monotonic_ns()
        if left <= 0:
            state["acted_on"] = state["changes"]
            state["acted_at"] = time.monotonic_ns()
        save(state)
        return 0 if token in state["acted_on"] else left


record_or_act()
