"""Judges that each call is in one report, or in the file that is left: reported.py DIR

Who is killed between a report and the removal of the file leaves both. They are the same session,
known by its first token, and the file has all that the report has, and what was added since then;
so it counts in the place of the report. A file that was created and not yet written has no session.
"""

import json
import sys
from pathlib import Path

from verdict import accuse, each_once

sessions = {}
directory = Path(sys.argv[1])
for path in [*directory.glob("report-*.json"), *directory.glob("session.json")]:
    try:
        tokens = json.loads(path.read_text() or "[]")
    except ValueError:
        accuse("{} is damaged".format(path.name))
    if tokens:
        sessions[tokens[0]] = tokens
each_once(token for tokens in sessions.values() for token in tokens)
