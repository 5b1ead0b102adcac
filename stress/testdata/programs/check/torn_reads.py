"""Judges that nobody has read a state that nobody wrote: torn_reads.py DIR

Writers log "begins OPERATION" before and "ended OPERATION" after writing, while they have the
exclusive lock, and readers log "torn OPERATION" before they give back the shared one, if they take
it. A reader with the lock can find such a state only if a writer was killed before the end. So a
torn read is held against its reader only if every write that had begun before has ended some time,
and the log up to there is whole.
"""

import sys

from verdict import accuse, log

lines = log(sys.argv[1])
ended = {words[1] for words in lines if words[0] == "ended" and len(words) == 2}
for words in lines:
    if len(words) != 2 or words[0] not in ("begins", "ended", "torn"):
        break
    word, operation = words
    if word == "begins" and operation not in ended:
        break
    if word == "torn":
        accuse("{} has read a state that nobody wrote".format(operation))
