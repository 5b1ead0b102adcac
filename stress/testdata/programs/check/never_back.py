"""Judges that no number that was seen or written is less than one before it: never_back.py DIR

The programs log "read NUMBER TOKEN" while they have the shared lock of the file and "wrote NUMBER
TOKEN" while they have the exclusive one, so the log has the order in which they had it. Under a
lock that is respected numbers only grow. A process that is killed between writing and logging
leaves a step out, which makes the next one larger, not smaller.
"""

import sys

from verdict import accuse, log

highest, whose = 0, "nobody"
for words in log(sys.argv[1]):
    if len(words) != 3 or words[0] not in ("read", "wrote"):
        continue
    number, token = int(words[1]), words[2]
    if number < highest:
        accuse("{} has {} {} after {} had {}".format(token, words[0], number, whose, highest))
    highest, whose = number, token
