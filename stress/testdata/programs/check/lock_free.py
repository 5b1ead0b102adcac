"""Judges that nobody holds the lock when everybody has ended: lock_free.py LOCK

A lock that is the existence of a directory is held as long as that is there, and nobody is left who
could remove it. One that is kept by the kernel on a file is free as soon as the last process that
has it open has ended. That can be a flock(1) whose shell was killed and which will end by itself;
so this waits for the lock rather than ask once, and for longer than any such process can take to
end.
"""

import fcntl
import os
import signal
import sys

from verdict import accuse, acked, started

path = sys.argv[1]
if os.path.isdir(path):
    refused = len(started()) - len(acked())
    accuse("the lock is held and its holder is dead; {} starts have failed".format(refused))
if os.path.exists(path):
    signal.signal(signal.SIGALRM, lambda *_: accuse("the lock is held and everybody has ended"))
    signal.alarm(30)
    with open(path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
