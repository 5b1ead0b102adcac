"""Creates the file with defaults if it does not exist, and then changes it in one correct window.

The first run of a program makes its directory and its files; afterwards everybody trusts that they
are there. A test that makes the file first never sees what is wrong.

Wrong: between the check and the open another process can create the file and put its update into
it, which the open then empties.
"""

import fcntl
import json
import os
import sys

directory, token = sys.argv[1:]
path = directory + "/state.json"

if not os.path.exists(path):
    with open(path, "w") as file:
        json.dump({"tokens": []}, file)

# The state only grows and has one page, so one write in place makes it the old one or the new.
file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(file, fcntl.LOCK_EX)
state = json.loads(os.pread(file, 4096, 0) or '{"tokens": []}')
state["tokens"].append(token)
os.pwrite(file, json.dumps(state).encode(), 0)
