"""Judges that there is an interval between any two actions: interval.py DIR NANOSECONDS

The programs log "acted TIME TOKEN", with the time that they have compared with the stamp and then
written into it. It is that of CLOCK_MONOTONIC, which is the same for all processes and never goes
back. A twin that reads the stamp and the clock, compares and writes alone writes times that are an
interval apart, however long it takes or stands still in between; one that is killed before it has
acted leaves no line.
"""

import sys

from verdict import accuse, log

directory, interval_ns = sys.argv[1], int(sys.argv[2])
lines = [words for words in log(directory) if len(words) == 3 and words[0] == "acted"]
actions = sorted((int(time), token) for _, time, token in lines)
for (earlier, one), (later, other) in zip(actions, actions[1:]):
    if later - earlier < interval_ns:
        accuse("{} has acted {} ns after {}".format(other, later - earlier, one))
