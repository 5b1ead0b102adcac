#!/usr/bin/env python3
"""Counts a tool call in the statistics of a session: DIRECTORY/s.json.

    statistics.py DIRECTORY TOKEN [locked | meets]

As it was seen in the wild: it locks the file, reads it and unlocks it; adds one; locks it again and
writes it. Whatever another process writes in between is overwritten. With `locked` it keeps the
lock until it has written, and is right. With `meets` it writes only when another process has read
too, so that on any machine somebody is overwritten. All say which version they have read and which
they have written, so that `stress` can tell who has overwritten whom.
"""

import fcntl
import json
import os
import sys
import time


def lock(directory):
    file = open(os.path.join(directory, "s.lock"), "a")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def read(path):
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return {"tool_count": 0, "tokens": []}


def write(path, statistics):
    spare = f"{path}.{os.getpid()}"
    with open(spare, "w") as file:
        json.dump(statistics, file)
    os.replace(spare, path)


def wait_for_another_reader(directory, token):
    open(os.path.join(directory, f"read-{token}"), "w").close()
    until = time.monotonic() + 60
    while sum(name.startswith("read-") for name in os.listdir(directory)) < 2:
        if time.monotonic() > until:
            sys.exit("nobody else has read")
        time.sleep(0.001)


def main(directory, token, how=""):
    keeps_lock = how == "locked"
    path = os.path.join(directory, "s.json")
    held = lock(directory)
    statistics = read(path)
    if not keeps_lock:
        held.close()
    version = statistics["tool_count"]
    statistics["tool_count"] += 1
    statistics["tokens"].append(token)
    if how == "meets":
        wait_for_another_reader(directory, token)
    if not keeps_lock:
        held = lock(directory)
    write(path, statistics)
    held.close()
    print(f"stress: read {version} wrote {version + 1}")


main(*sys.argv[1:])
