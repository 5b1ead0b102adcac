"""Judges that no message is gone: mail.py DIR

A message is a file that holds the token of its sender. It is moved, once, from its place in the
mailbox to a name that only its receiver uses, so it is in one of both at every instant, whoever is
killed.
"""

import sys
from pathlib import Path

from verdict import each_once

directory = Path(sys.argv[1])
messages = [*directory.glob("mail*"), *directory.glob("taken-*")]
each_once(message.read_text() for message in messages)
