"""Reads, changes and writes, with no lock.

Counters and settings of command line tools are often kept like this. The save is atomic, so nobody
ever sees half a state, and the program looks careful.

Wrong: nothing keeps another process out between load() and save(). Of two that have both loaded
before either saves, the one that saves first loses its update.
"""

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


state = load()
state["tokens"].append(token)
save(state)
