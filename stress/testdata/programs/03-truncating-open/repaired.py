"""Opens the file to write, locks it, and only then changes it.

open(path, "w") and then a lock is how a lock gets added to a program that had none.

Right: the open in write() leaves the file as it is. All numbers have the same length and are
written at once, so there is nothing to truncate under the lock either, and a kill leaves the one or
the other.

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
    descriptor = os.open(path, os.O_WRONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.pwrite(descriptor, b"%8d\n" % count, 0)
    log("wrote {} {}".format(count, token))
    os.close(descriptor)


read()
changers = open(directory + "/changers", "a")
fcntl.flock(changers, fcntl.LOCK_EX)
write(read() + 1)
