"""Opens the file to write, which empties it, and then locks it.

open(path, "w") and then a lock is how a lock gets added to a program that had none. Here those who
change the state are alone with each other by a lock of their own, so that only the order of these
two is wrong; readers lock the file itself, as they should.

Wrong: the open in write() empties the file while a reader holds the lock that is to keep the file
as it is. The next process that starts gets the shared lock as well, finds nothing, and begins anew.

What it sees and writes is logged while it has the lock, so the numbers in the log must never go
back.
"""

import fcntl
import os
import sys

directory, token = sys.argv[1:]
path = directory + "/count"


def log(words):
    descriptor = os.open(directory + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, (words + "\n").encode())
    os.close(descriptor)


def read():
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    count = int(os.pread(descriptor, 9, 0) or 0)
    log("read {} {}".format(count, token))
    os.close(descriptor)
    return count


def write(count):
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.pwrite(descriptor, b"%8d\n" % count, 0)
    log("wrote {} {}".format(count, token))
    os.close(descriptor)


read()
changers = open(directory + "/changers", "a")
fcntl.flock(changers, fcntl.LOCK_EX)
write(read() + 1)
