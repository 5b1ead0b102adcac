"""Another program that counts in the same files.

It does what the format's first program is meant to do: it opens the file, creating it without
emptying it, takes flock on it, reads, changes, truncates, writes and closes. It knows nothing of the
key `hookstate` and nothing of journals.

    peer.py count FILE SESSION NAME N    N calls NAME-0, NAME-1, ..., each with a timing of N ms
    peer.py locks-twice ...              the same, with the lock released between reading and writing
    peer.py waits-to-lock FILE SESSION NAME
                                         opens the file, says "opened", and counts one call after the
                                         next line of its input
    peer.py checks-then-creates FILE SESSION NAME
                                         looks whether there is a file, says "checked", and after the
                                         next line of its input makes a new one with one call
    peer.py serve                        answers questions, one JSON value a line
"""

import fcntl
import json
import math
import os
import sys
import time


def blank(session):
    return {
        "session_id": session,
        "started_at": time.time(),
        "tool_count": 0,
        "error_count": 0,
        "tool_names": {},
        "hook_timings": {},
    }


def say(word):
    print(word, flush=True)


def open_file(path):
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def read(fd, session):
    text = os.pread(fd, os.fstat(fd).st_size, 0).decode()
    return json.loads(text) if text.strip() else blank(session)


def write(fd, data):
    os.ftruncate(fd, 0)
    os.pwrite(fd, json.dumps(data).encode(), 0)


def add_call(data, name, ms):
    data["tool_count"] = data.get("tool_count", 0) + 1
    names = data.setdefault("tool_names", {})
    names[name] = names.get(name, 0) + 1
    data.setdefault("hook_timings", {}).setdefault("PostToolUse", []).append(ms)


def count_one(path, session, name, ms):
    fd = open_file(path)
    fcntl.flock(fd, fcntl.LOCK_EX)
    data = read(fd, session)
    add_call(data, name, ms)
    write(fd, data)
    os.close(fd)


def count_one_locking_twice(path, session, name, ms):
    fd = open_file(path)
    fcntl.flock(fd, fcntl.LOCK_EX)
    data = read(fd, session)
    fcntl.flock(fd, fcntl.LOCK_UN)
    add_call(data, name, ms)
    fcntl.flock(fd, fcntl.LOCK_EX)
    write(fd, data)
    os.close(fd)


def count(path, session, name, calls, one):
    say("ready")
    sys.stdin.read()
    for number in range(int(calls)):
        one(path, session, f"{name}-{number}", float(number))


def wait_to_lock(path, session, name):
    fd = open_file(path)
    say("opened")
    sys.stdin.readline()
    fcntl.flock(fd, fcntl.LOCK_EX)
    data = read(fd, session)
    add_call(data, name, 1.0)
    write(fd, data)
    os.close(fd)


def check_then_create(path, session, name):
    found = os.path.exists(path)
    say("checked")
    sys.stdin.readline()
    with open(path, "r+" if found else "w+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        data = read(file.fileno(), session)
        add_call(data, name, 1.0)
        write(file.fileno(), data)


def total(numbers):
    """The sum of floats as CPython has it from 3.12 on: Neumaier's, with what rounding takes away."""
    high, low = 0.0, 0.0
    for number in map(float, numbers):
        rounded = high + number
        if abs(high) >= abs(number):
            low += (high - rounded) + number
        else:
            low += (number - rounded) + high
        high = rounded
    return high + low if low and math.isfinite(low) else high


def summary(data, now):
    minutes = int((now - data.get("started_at", now)) // 60)
    errors = data.get("error_count", 0)
    names = sorted(data.get("tool_names", {}).items(), key=lambda item: -item[1])
    line = "[CB] {}m | {} tools | {} {} | {}".format(
        minutes,
        data.get("tool_count", 0),
        errors,
        "error" if errors == 1 else "errors",
        " ".join(f"{name}:{calls}" for name, calls in names[:5]),
    )
    timings = data.get("hook_timings", {})
    if timings:
        averages = sorted((hook, total(ms) / len(ms)) for hook, ms in timings.items())
        line += " | \u23f1 " + " ".join(f"{hook}:{ms:.0f}ms" for hook, ms in averages)
    return line


def statistics(ms):
    ordered = sorted(ms)
    count = len(ordered)
    return {
        "count": count,
        "avg_ms": round(total(ordered) / count, 2),
        "p95_ms": round(ordered[min(int(0.95 * count), count - 1)], 2),
        "max_ms": round(ordered[-1], 2),
    }


def finalize(data, duration):
    data["duration_seconds"] = duration
    timings = data.get("hook_timings", {})
    if timings:
        data["hook_timing_stats"] = {hook: statistics(ms) for hook, ms in timings.items()}
    return data


def answer(question):
    text = question["text"]
    try:
        data = json.loads(text)
    except ValueError:
        return None
    if question["of"] == "dumps":
        return json.dumps(data)
    if question["of"] == "summary":
        return summary(data, question["now"])
    return json.dumps(finalize(data, question["duration"]))


def serve():
    for line in sys.stdin:
        say(json.dumps(answer(json.loads(line))))


def main(role, *arguments):
    roles = {
        "count": lambda *rest: count(*rest, count_one),
        "locks-twice": lambda *rest: count(*rest, count_one_locking_twice),
        "waits-to-lock": wait_to_lock,
        "checks-then-creates": check_then_create,
        "serve": serve,
    }
    roles[role](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
