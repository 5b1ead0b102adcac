"""A reader without a lock, while a writer writes in place.

"It only reads" is why the status line of a program takes no lock. Every second lane is one.

Wrong: read() can begin before a write and end after it, or the other way round, and gives out a
state that nobody has written.

All numbers of a state are the same, so any reader sees whether it is one. A kill of a writer leaves
a state that is none, which is another pattern: writers log where they begin and end, so that it is
not held against the readers.
"""

import fcntl
import os
import sys

PAGES = 16
NUMBERS_PER_PAGE = 512

directory, proc, token = sys.argv[1:]
file = os.open(directory + "/state", os.O_RDWR | os.O_CREAT, 0o600)


def log(word, operation):
    descriptor = os.open(directory + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, "{} {}.{}\n".format(word, token, operation).encode())
    os.close(descriptor)


def write(operation):
    fcntl.flock(file, fcntl.LOCK_EX)
    log("begins", operation)
    number = int(os.pread(file, 8, 0) or 0) + 1
    page = b"%7d\n" % number * NUMBERS_PER_PAGE
    for index in range(PAGES):
        os.pwrite(file, page, index * len(page))
    log("ended", operation)
    fcntl.flock(file, fcntl.LOCK_UN)


def read(operation):
    numbers = os.pread(file, 2 * PAGES * NUMBERS_PER_PAGE * 8, 0).splitlines()
    if numbers and (len(set(numbers)) > 1 or len(numbers) != PAGES * NUMBERS_PER_PAGE):
        log("torn", operation)


for operation in range(20):
    if int(proc) % 2:
        write(operation)
    else:
        read(operation)
