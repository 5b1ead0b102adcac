"""Judges the records of a log: records.py LOG

It reads as the most patient reader does: lines that are empty or damaged are skipped. The rest of a
record that a kill has cut off is never taken for one, since half a JSON object is none; and one
that lacks only its newline is whole, and its writer was not acknowledged.
"""

import json
import os
import sys

from verdict import each_once


def token(line):
    try:
        return json.loads(line)["token"]
    except ValueError:
        return None


if os.path.exists(sys.argv[1]):
    with open(sys.argv[1]) as log:
        each_once(found for found in map(token, log) if found)
else:
    each_once([])
