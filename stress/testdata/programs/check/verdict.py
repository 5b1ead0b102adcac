"""What the judges have in common: what stress tells them, and how they accuse.

An acknowledged token is that of a process that ended with exit code 0. All others that were started
are indeterminate: what they were to do is done or not done, but not done twice.
"""

import os
import sys
from collections import Counter


def acked():
    return _lines("STRESS_ACKED")


def started():
    return _lines("STRESS_STARTED")


def accuse(why):
    sys.exit(why)


def each_once(found):
    """Every acknowledged token is there once, and every other one that was started at most once."""
    times = Counter(found)
    lost = [token for token in acked() if times[token] == 0]
    if lost:
        accuse("{} of {} are lost, {} first".format(len(lost), len(acked()), lost[0]))
    for token, more in (times - Counter(started())).items():
        accuse("{} is there {} times, {} too many".format(token, times[token], more))


def log(directory):
    """The words of each whole line of the log, in the order in which they were written.

    The programs write a line with one call, so two never mix. But a kill can leave a part of one,
    and then the next begins behind it in the same line. The judges leave such a line out: it has
    too many words, or one that they do not know.
    """
    try:
        with open(directory + "/log") as file:
            return [line.split() for line in file if line.endswith("\n")]
    except FileNotFoundError:
        return []


def _lines(variable):
    with open(os.environ[variable]) as file:
        return file.read().split()
