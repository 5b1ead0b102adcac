"""Appends a record that is longer than what is left of the page.

A log of JSON lines with O_APPEND needs no lock: one write is one record, and the records of two
never mix.

Wrong: a kill or a full disk can leave a part of the record, without its newline. The next record
becomes the end of that line, and so nobody can read it either. (A reader that stops at the first
bad line loses all that follow. The check goes on behind it.)
"""

import os
import sys

directory, token = sys.argv[1:]
output = b"x" * 16_000_000
record = b'{"token": "%s", "output": "%s"}\n' % (token.encode(), output)
log = os.open(directory + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
if os.write(log, record) != len(record):
    sys.exit("the disk is full")
