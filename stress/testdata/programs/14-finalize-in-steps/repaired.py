"""Ends a session in one window: reads the file, reports what was in it, removes it.

Everybody adds a call to a file, and every second lane then ends the session. All lock the file, and
look with the lock in their hands whether the name still leads to it.

Right: finalize() holds the lock until it has removed the file. What others add is in the file
before it reads, or in a new file.
"""

import fcntl
import json
import os
import sys
import time

directory, proc, token = sys.argv[1:]
path = directory + "/session.json"


def open_locked():
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        if has_the_name(file):
            return file
        os.close(file)


def has_the_name(file):
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False


def load(file):
    return json.loads(os.pread(file, 4096, 0) or "[]")


def add():
    # The state only grows and has one page, so one write in place makes it the old one or the new.
    file = open_locked()
    os.pwrite(file, json.dumps(load(file) + [token]).encode(), 0)
    os.close(file)


def report(tokens):
    # A session is known by its first token. Who is killed after this has it reported again, by the
    # same name and with what came in the meantime.
    name = directory + "/report-" + tokens[0]
    with open(name + "." + token, "w") as file:
        json.dump(tokens, file)
    time.sleep(0.005)  # to make a report takes a while
    os.replace(name + "." + token, name + ".json")


def remove():
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def finalize():
    file = open_locked()
    tokens = load(file)
    if tokens:
        report(tokens)
    remove()
    os.close(file)


add()
if int(proc) % 2 == 0:
    finalize()
