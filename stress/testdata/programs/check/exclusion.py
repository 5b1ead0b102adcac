"""Judges that never more than so many are inside: exclusion.py DIR LIMIT

The programs log "enter TOKEN" when they are inside and "leave TOKEN" while they still are, so
whoever has one line before and the other one behind is inside at each line in between, whatever the
clocks say. A process without the second was killed, nobody knows when: it counts at the line that
it wrote, and nowhere else. So nobody is counted who is not inside.
"""

import sys

from verdict import accuse, log

directory, limit = sys.argv[1], int(sys.argv[2])
lines = [words for words in log(directory) if len(words) == 2]
leaves = {token for word, token in lines if word == "leave"}
inside = []
for word, token in lines:
    if word == "enter":
        if len(inside) >= limit:
            accuse("{} are inside, and {} enters".format(" and ".join(inside), token))
        if token in leaves:
            inside.append(token)
    elif word == "leave" and token in inside:
        inside.remove(token)
