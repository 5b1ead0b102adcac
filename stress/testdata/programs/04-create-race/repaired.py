"""Lets the open create the file, empty, and changes it in one correct window.

The first run of a program makes its directory and its files, often by a check and then a creation.

Right: the open creates the file or finds it, in one call, and empties nothing; an empty file is the
beginning. Who writes first is decided by the lock.
"""

import fcntl
import json
import os
import sys

directory, token = sys.argv[1:]
path = directory + "/state.json"

# The state only grows and has one page, so one write in place makes it the old one or the new.
file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(file, fcntl.LOCK_EX)
state = json.loads(os.pread(file, 4096, 0) or '{"tokens": []}')
state["tokens"].append(token)
os.pwrite(file, json.dumps(state).encode(), 0)
