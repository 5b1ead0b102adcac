"""What a session's statistics cost in the program that was there before: the same file, by the same
protocol, with lists of timings that grow for ever.

    session.py FILE CALLS TIMINGS REPEATS

Records CALLS calls at once, each with a timing if TIMINGS is 1; then one call more, REPEATS times, from
open to close. Prints the median of these in microseconds, and the number of calls in the file.
"""

import fcntl
import json
import os
import sys
import time

TOOLS = ["Bash", "Edit", "Grep", "Read", "Write"]
HOOKS = ["PreToolUse", "PostToolUse"]


def add(data, start, calls, timings):
    for call in range(start, start + calls):
        tool = TOOLS[call % len(TOOLS)]
        data["tool_count"] += 1
        data["error_count"] += int(call % 10 == 0)
        data["tool_names"][tool] = data["tool_names"].get(tool, 0) + 1
        if timings:
            milliseconds = 1.0 + 99.0 * (call * 2**0.5 % 1.0)
            data["hook_timings"].setdefault(HOOKS[call % len(HOOKS)], []).append(milliseconds)


def flush(path, start, calls, timings):
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read()
        data = json.loads(text) if text else {
            "session_id": "m",
            "started_at": time.time(),
            "tool_count": 0,
            "error_count": 0,
            "tool_names": {},
            "hook_timings": {},
        }
        add(data, start, calls, timings)
        file.seek(0)
        file.truncate()
        json.dump(data, file)
        return data["tool_count"]


def main():
    path, calls, timings, repeats = sys.argv[1], *map(int, sys.argv[2:5])
    flush(path, 0, calls, timings)
    times = []
    for repeat in range(repeats):
        since = time.perf_counter()
        counted = flush(path, calls + repeat, 1, timings)
        times.append(time.perf_counter() - since)
    median = sorted(times)[(repeats - 1) // 2]
    print(f"{median * 1e6:.1f} {counted}")


main()
