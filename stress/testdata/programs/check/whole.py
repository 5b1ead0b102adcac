"""Judges that each state that was read is one that somebody saved: whole.py DIR

The programs log what they have read that is not whole, and the last state is read here. A state
names its owner in all its entries, and how many they are. A twin whose file is replaced by whole
files only has nothing else under the name at any instant, whoever is killed.
"""

import json
import os
import sys

from verdict import accuse, acked, log


def is_whole(text):
    try:
        state = json.loads(text)
    except ValueError:
        return False
    return state["entries"] == [state["owner"]] * state["count"]


directory = sys.argv[1]
for words in log(directory):
    accuse(" ".join(words))
path = directory + "/state.json"
if os.path.exists(path):
    with open(path) as file:
        if not is_whole(file.read()):
            accuse("the last state is one that nobody saved")
elif acked():
    accuse("there is no state, though {} was acknowledged".format(acked()[-1]))
