"""A debounce that acts at the trailing edge of a burst as well.

The first change of a burst is acted on, and so that not each of the others is, they have to wait.

Right: who is too early stays until the interval is over, and then acts, unless somebody else has
acted on its change. It ends well only when its change has been acted on, so a kill of another takes
nothing.
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


left = record_or_act()
while left > 0:
    time.sleep(left / 1e9)
    left = record_or_act()
