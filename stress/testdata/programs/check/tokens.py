"""Judges the tokens in a state file: tokens.py FILE [FILE ...]

The state is that of the first file that is one, as the programs themselves read it: a file that is
missing, empty or damaged is none, and with none left there are no tokens. That is right for a
program which was killed when it had just made its file, because then nobody has been acknowledged.
So a twin that has some whole file with all acknowledged tokens at every instant is never accused.
"""

import json
import sys

from verdict import each_once


def tokens(paths):
    for path in paths:
        try:
            with open(path) as file:
                return json.load(file)["tokens"]
        except (FileNotFoundError, ValueError):
            pass
    return []


each_once(tokens(sys.argv[1:]))
